//! Finding workerd, the runtime that Workers run on.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::process::Command;

/// Where npm's package keeps the program, below a folder that has `node_modules`.
const IN_MODULES: [&str; 2] = [
    "node_modules/@cloudflare/workerd-linux-64/bin/workerd",
    "node_modules/@cloudflare/workerd-linux-arm64/bin/workerd",
];

/// workerd, where it is: in a folder of `path` (the variable `PATH`), or in `node_modules` of `from` or of a folder above
/// it.
#[must_use]
pub fn find(path: Option<&std::ffi::OsStr>, from: &Path) -> Option<PathBuf> {
    let named = path.into_iter().flat_map(std::env::split_paths).map(|folder| folder.join("workerd"));
    let modules = from.ancestors().flat_map(|folder| IN_MODULES.map(|place| folder.join(place)));
    named.chain(modules).find(|program| is_program(program))
}

/// What a workerd says of itself: `2026-11-17`, the newest compatibility date that it knows.
///
/// # Errors
/// The program cannot be run, or is no workerd.
pub(super) async fn date(program: &Path) -> io::Result<String> {
    const PATIENCE: Duration = Duration::from_secs(10);
    let mut command = Command::new(program);
    command.arg("--version").stdin(std::process::Stdio::null()).kill_on_drop(true);
    let ran = tokio::time::timeout(PATIENCE, command.output()).await.map_err(|_| io::ErrorKind::TimedOut)??;
    let text = String::from_utf8_lossy(&ran.stdout).into_owned();
    let date = text.trim().strip_prefix("workerd ").filter(|date| date.len() == 10 && date.is_ascii());
    date.map(ToOwned::to_owned)
        .ok_or_else(|| io::Error::other("the program does not answer `--version` as workerd does"))
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn it_is_found_in_path_and_above() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b");
        fs::create_dir_all(&deep).unwrap();
        let make = |place: &str, mode| {
            let file = folder.path().join(place);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, "").unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            file
        };
        make(IN_MODULES[0], 0o644);
        assert_eq!(find(None, &deep), None, "a file that cannot be run is none");
        let module = make(IN_MODULES[0], 0o755);
        assert_eq!(find(None, &deep), Some(module));
        let named = make("bin/workerd", 0o755);
        assert_eq!(find(Some(folder.path().join("bin").as_os_str()), &deep), Some(named));
    }

    #[tokio::test]
    async fn another_program_is_no_workerd() {
        assert!(date(Path::new("/bin/true")).await.is_err());
        assert!(date(Path::new("/nowhere/workerd")).await.is_err());
    }
}
