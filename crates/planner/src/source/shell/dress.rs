//! What stands before the program that is meant: `sudo`, `env A=b`, `npx`, `docker run IMAGE`.

/// A command without what stands before its program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Undressed<'a> {
    /// A program with its arguments, and the major version that was asked for.
    Program {
        /// As it was written, with its folder.
        name: &'a str,
        arguments: &'a [String],
        version: Option<u32>,
    },
    /// A script of `package.json`.
    PackageScript {
        script: &'a str,
        /// The words that the script gets.
        arguments: Vec<&'a str>,
        /// The folder of the package, where the command names one.
        folder: Option<&'a str>,
    },
    /// What a package of the workspace runs that is chosen by its name.
    OtherPackage,
    /// Nothing that runs anything.
    Nothing,
}

/// Programs that run another, with those of their options that take a value, and how many words come before it.
const WRAPPERS: &[(&str, &[&str], usize)] = &[
    ("sudo", &["-u", "-g", "-h", "-p", "-C"], 0),
    ("doas", &["-u", "-C"], 0),
    ("env", &["-u", "-C", "-S", "--unset", "--chdir"], 0),
    ("command", &[], 0),
    ("exec", &["-a"], 0),
    ("nohup", &[], 0),
    ("nice", &["-n"], 0),
    ("stdbuf", &["-i", "-o", "-e"], 0),
    ("timeout", &["-s", "-k", "--signal", "--kill-after"], 1),
    ("xargs", &["-n", "-I", "-P", "-L", "-d", "-a", "-s"], 0),
    ("cross-env", &[], 0),
    ("dotenv", &["-e", "-c", "-v"], 0),
];

/// Images whose entry point is a program that is known.
const IMAGES: &[(&str, &str)] = &[
    ("certbot/dns-cloudflare", "certbot"),
    ("certbot/certbot", "certbot"),
    ("goacme/lego", "lego"),
    ("neilpang/acme.sh", "acme.sh"),
    ("rclone/rclone", "rclone"),
    ("hashicorp/terraform", "terraform"),
    ("opentofu/opentofu", "tofu"),
    ("amazon/aws-cli", "aws"),
    ("cloudflare/cloudflared", "cloudflared"),
    ("cloudflare/cf-terraforming", "cf-terraforming"),
    ("stackexchange/dnscontrol", "dnscontrol"),
    ("peakcom/s5cmd", "s5cmd"),
];

/// The commands of package managers that install, ask or publish, and run none of the project's scripts that deploy.
const MANAGING: &[&str] = &[
    "install",
    "i",
    "ci",
    "add",
    "remove",
    "rm",
    "uninstall",
    "update",
    "upgrade",
    "audit",
    "cache",
    "config",
    "version",
    "view",
    "pack",
    "link",
    "outdated",
    "prune",
    "init",
    "create",
    "set",
    "get",
    "login",
    "publish",
    "why",
    "list",
    "ls",
    "fetch",
    "import",
    "store",
    "setup",
    "dedupe",
    "global",
    "workspaces",
    "node",
    "rebuild",
    "approve-builds",
];

/// Takes off what stands before the program.
pub(super) fn undressed(mut words: &[String]) -> Undressed<'_> {
    loop {
        let Some((first, rest)) = words.split_first() else { return Undressed::Nothing };
        let name = base_name(first);
        if let Some((_, with_value, count)) = WRAPPERS.iter().find(|(wrapper, _, _)| *wrapper == name) {
            if name == "command" && rest.first().is_some_and(|word| word == "-v" || word == "-V") {
                return Undressed::Nothing;
            }
            words = after_options(rest, with_value);
            while let Some((word, rest)) = words.split_first()
                && word.split_once('=').is_some_and(|(name, _)| super::word::is_name(name))
            {
                words = rest;
            }
            words = words.get(*count..).unwrap_or_default();
            words = words.strip_prefix(&["--".to_owned()]).unwrap_or(words);
            continue;
        }
        return match (name, rest.first().map(String::as_str)) {
            ("npx" | "bunx" | "pnpx", _) => package(rest),
            ("npm" | "pnpm" | "yarn" | "bun", _) => managed(name, rest),
            ("docker" | "podman", Some("run")) => image(first, rest),
            _ => Undressed::Program { name: first, arguments: rest, version: None },
        };
    }
}

/// What a package manager runs: `npm run deploy -- --env x`, `pnpm -C web exec wrangler`, `yarn deploy`.
fn managed<'a>(manager: &'a str, words: &'a [String]) -> Undressed<'a> {
    let mut options = Options::default();
    let mut words = options.taken(manager, words);
    if manager == "yarn" && words.first().is_some_and(|word| word == "workspace") {
        options.elsewhere = true;
        words = words.get(2..).unwrap_or_default();
    }
    let Some((command, rest)) = words.split_first() else { return Undressed::Nothing };
    let found = match (manager, command.as_str()) {
        ("npm", "exec" | "x") | ("pnpm" | "yarn", "dlx" | "exec") | ("bun", "x") => {
            package(options.taken(manager, rest))
        }
        (_, "run" | "run-script") => {
            let rest = options.taken(manager, rest);
            rest.split_first().map_or(Undressed::Nothing, |(script, rest)| options.script(manager, script, rest))
        }
        ("npm" | "pnpm" | "yarn", "test" | "start") => options.script(manager, command, rest),
        ("npm", _) | ("bun", "test" | "build" | "pm") => Undressed::Nothing,
        ("bun", file) if file.contains(['.', '/']) => {
            Undressed::Program { name: "bun", arguments: words, version: None }
        }
        _ if flarekeep_catalogue::tools().any(|tool| tool == command) => {
            Undressed::Program { name: command, arguments: rest, version: None }
        }
        (_, command) if MANAGING.contains(&command) => Undressed::Nothing,
        _ => options.script(manager, command, rest),
    };
    // npm changes no folder for what it runs itself.
    let moved = options.elsewhere || options.folder.is_some() && manager != "npm";
    match found {
        Undressed::Program { .. } if moved => Undressed::OtherPackage,
        Undressed::PackageScript { .. } if options.elsewhere => Undressed::OtherPackage,
        found => found,
    }
}

/// What the options of a package manager say.
#[derive(Default)]
struct Options<'a> {
    folder: Option<&'a str>,
    /// Whether they choose a package by its name.
    elsewhere: bool,
}

impl<'a> Options<'a> {
    /// Takes the options that come first; what is behind them is left.
    fn taken(&mut self, manager: &str, mut words: &'a [String]) -> &'a [String] {
        while let Some((word, rest)) = words.split_first() {
            if !word.starts_with('-') || word == "-" || word == "--" {
                break;
            }
            let (name, value) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (word.as_str(), None),
            };
            // To pnpm, `-w` is the root of the workspace.
            let choice = ["--filter", "-F", "--workspace"].contains(&name) || name == "-w" && manager == "npm";
            let folder = ["--prefix", "-C", "--dir", "--cwd"].contains(&name);
            let valued = choice || folder || ["--loglevel", "--registry", "--userconfig"].contains(&name);
            self.elsewhere |=
                choice || ["-w", "-r", "-ws", "--recursive", "--workspaces", "--workspace-root"].contains(&name);
            if folder {
                self.folder = value.or_else(|| rest.first().map(String::as_str));
            }
            words = if valued && value.is_none() { rest.get(1..).unwrap_or_default() } else { rest };
        }
        words
    }

    /// A script with the words behind its name: npm keeps the options before `--` to itself, the others keep none.
    fn script(&mut self, manager: &str, script: &'a str, mut words: &'a [String]) -> Undressed<'a> {
        let mut arguments = Vec::new();
        if manager == "npm" {
            loop {
                words = self.taken(manager, words);
                let Some((word, rest)) = words.split_first().filter(|(word, _)| *word != "--") else { break };
                arguments.push(word.as_str());
                words = rest;
            }
        }
        let behind = words.strip_prefix(&["--".to_owned()]).unwrap_or(words);
        arguments.extend(behind.iter().map(String::as_str));
        Undressed::PackageScript { script, arguments, folder: self.folder }
    }
}

/// The last part of a path.
pub(super) fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// What a package runner runs: `-y wrangler@3 deploy`.
fn package(words: &[String]) -> Undressed<'_> {
    let words = after_options(words, &["-p", "--package", "-c", "--call"]);
    let words = words.strip_prefix(&["--".to_owned()]).unwrap_or(words);
    let Some((first, arguments)) = words.split_first() else { return Undressed::Nothing };
    let (name, version) = match first.rsplit_once('@') {
        Some((name, version)) if !name.is_empty() => (name, major(version)),
        _ => (first.as_str(), None),
    };
    Undressed::Program { name, arguments, version }
}

/// The program of an image, behind the options of `docker run`.
fn image<'a>(docker: &'a str, words: &'a [String]) -> Undressed<'a> {
    for (at, word) in words.iter().enumerate() {
        let name = word.split(['@', ':']).next().unwrap_or(word);
        let name = name.strip_prefix("docker.io/").unwrap_or(name);
        if let Some((_, program)) = IMAGES.iter().find(|(image, _)| *image == name) {
            return Undressed::Program {
                name: program,
                arguments: words.get(at + 1..).unwrap_or_default(),
                version: None,
            };
        }
    }
    Undressed::Program { name: base_name(docker), arguments: words, version: None }
}

/// The major version of `3`, `^3.90`, `v4.1.0`; none of `latest`.
pub(in crate::source) fn major(version: &str) -> Option<u32> {
    let digits = version.trim_start_matches(['^', '~', 'v', '=', '>', ' ']);
    digits.split(['.', '-', ' ']).next()?.parse().ok()
}

/// The words behind the options that come first.
fn after_options<'a>(mut words: &'a [String], with_value: &[&str]) -> &'a [String] {
    while let Some((word, rest)) = words.split_first() {
        if !word.starts_with('-') || word == "-" || word == "--" {
            break;
        }
        words = if with_value.contains(&word.as_str()) { rest.get(1..).unwrap_or_default() } else { rest };
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(line: &str) -> Option<(String, Option<u32>)> {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        match undressed(&words) {
            Undressed::Program { name, arguments, version } => Some((
                std::iter::once(base_name(name))
                    .chain(arguments.iter().map(String::as_str))
                    .collect::<Vec<_>>()
                    .join(" "),
                version,
            )),
            Undressed::PackageScript { script, arguments, folder } => {
                let words = [&["script", script], arguments.as_slice()].concat().join(" ");
                Some((folder.map_or(words.clone(), |folder| format!("{words} in {folder}")), None))
            }
            Undressed::OtherPackage => Some(("elsewhere".to_owned(), None)),
            Undressed::Nothing => None,
        }
    }

    #[test]
    fn the_program_is_found_behind_what_runs_it() {
        for line in [
            "wrangler deploy",
            "sudo -E -u deploy wrangler deploy",
            "env -i A=b C=d wrangler deploy",
            "timeout -k 5 60 wrangler deploy",
            "npx wrangler deploy",
            "npx --yes wrangler@latest deploy",
            "pnpm dlx wrangler deploy",
            "pnpm wrangler deploy",
            "yarn wrangler deploy",
            "bunx wrangler deploy",
            "bun wrangler deploy",
            "npm exec -- wrangler deploy",
            "./node_modules/.bin/wrangler deploy",
            "cross-env A=b npx wrangler deploy",
        ] {
            assert_eq!(program(line), Some(("wrangler deploy".to_owned(), None)), "{line}");
        }
        assert_eq!(program("npx wrangler@3.90.0 deploy"), Some(("wrangler deploy".to_owned(), Some(3))));
        assert_eq!(program("npx wrangler@^4 deploy"), Some(("wrangler deploy".to_owned(), Some(4))));
        let docker = "docker run --rm -v /etc:/etc certbot/dns-cloudflare:latest certonly --dns-cloudflare";
        assert_eq!(program(docker), Some(("certbot certonly --dns-cloudflare".to_owned(), None)));
    }

    #[test]
    fn scripts_of_a_package_are_told_from_what_manages_it() {
        assert_eq!(program("npm run deploy"), Some(("script deploy".to_owned(), None)));
        assert_eq!(program("yarn deploy"), Some(("script deploy".to_owned(), None)));
        for (line, found) in [
            ("npm run deploy -- --env production", "script deploy --env production"),
            ("npm run deploy --silent x -- --env production", "script deploy x --env production"),
            ("npm run up --remote", "script up"),
            ("yarn up --remote", "script up --remote"),
            ("pnpm run up -- --remote", "script up --remote"),
            ("bun up --remote", "script up --remote"),
            ("npm --prefix apps/web run deploy", "script deploy in apps/web"),
            ("pnpm --dir=apps/web deploy:prod", "script deploy:prod in apps/web"),
            ("npm -w web run deploy", "elsewhere"),
            ("npm run deploy --workspace=web", "elsewhere"),
            ("yarn workspace web deploy", "elsewhere"),
            ("pnpm --filter web deploy:prod", "elsewhere"),
            ("pnpm --filter web exec wrangler deploy", "elsewhere"),
        ] {
            assert_eq!(program(line), Some((found.to_owned(), None)), "{line}");
        }
        for line in ["npm ci", "yarn install", "pnpm i", "npm", "yarn"] {
            assert_eq!(program(line), None, "{line}");
        }
    }
}
