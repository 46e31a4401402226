//! Folders below the one in which a source's commands run.

/// The folder or file that `path` names in `folder`, with `.` and `..` worked out; what leads out begins with `..`. None
/// for an absolute path, which is on another machine.
pub(in crate::source) fn joined(folder: &str, path: &str) -> Option<String> {
    if path.starts_with(['/', '~'])
        || path.contains(['$', '\\', '*'])
        || path.chars().any(flarekeep_catalogue::is_hostile)
    {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')).filter(|part| !part.is_empty() && *part != ".") {
        match (part, parts.last()) {
            ("..", Some(last)) if *last != ".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::joined;

    #[test]
    fn folders_are_worked_out() {
        for (folder, path, found) in [
            ("", ".", Some("")),
            ("", "apps/web/", Some("apps/web")),
            ("apps/web", "../api", Some("apps/api")),
            ("apps", "./a/./b", Some("apps/a/b")),
            ("", "../other", Some("../other")),
            ("", "/srv/app", None),
            ("", "~/app", None),
            ("", "$APP", None),
        ] {
            assert_eq!(joined(folder, path).as_deref(), found, "{folder} {path}");
        }
    }
}
