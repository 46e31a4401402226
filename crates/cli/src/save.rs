//! Files that are written beside the answer: whole, or not at all; lines of them, too.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Puts `text` in the file's place. What is there keeps its mode, and a link stays one; a new file has the mode that the
/// user's mask leaves.
///
/// # Errors
/// If the folder cannot be written, or the disk is full.
pub(crate) fn save(path: &Path, text: &str) -> std::io::Result<()> {
    let path = behind_links(path);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder)?;
    if let Ok(there) = std::fs::metadata(&path) {
        file.as_file().set_permissions(there.permissions())?;
    }
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(&path).map_err(|error| error.error)?;
    Ok(())
}

/// Adds whole lines to a file that is open to append to, or nothing: half a line would spoil the next.
///
/// # Errors
/// If the disk is full, say.
pub(crate) fn append(file: &mut File, lines: &[u8]) -> std::io::Result<()> {
    let whole = file.metadata()?.len();
    file.write_all(lines).inspect_err(|_| {
        // A device holds none.
        let _ = file.set_len(whole);
    })
}

fn behind_links(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn a_file_keeps_its_mode_and_a_link_stays_one() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("a.toml"), folder.path().join("b.toml"));
        save(&file, "one").unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&file) & 0o600, 0o600);
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o640)).unwrap();
        symlink(&file, &link).unwrap();
        save(&link, "two").unwrap();
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert_eq!((std::fs::read_to_string(&file).unwrap().as_str(), mode(&file)), ("two", 0o640));
        assert!(save(&folder.path().join("none/c.toml"), "").is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
