//! Writing over a file: it has either its old contents or its new ones, whatever happens meanwhile.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// Writes a file by way of another one beside it, which takes its place and its permissions. A link stays one.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let target = path.canonicalize()?;
    let facts = fs::metadata(&target)?;
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let beside = target.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
    // Only the write itself may be refused, as for a file that is read-only.
    OpenOptions::new().write(true).open(&target)?;
    let file = match OpenOptions::new().write(true).create_new(true).open(&beside) {
        // A device, or a folder in which nothing can be created, leaves no other way.
        _ if !facts.is_file() => return fs::write(&target, bytes),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return fs::write(&target, bytes),
        file => file?,
    };
    let written = fill(file, bytes, facts.permissions()).and_then(|()| fs::rename(&beside, &target));
    if written.is_err() {
        // What is left of an attempt is of no use; that it cannot be removed either is not what failed.
        let _ = fs::remove_file(&beside);
    }
    written
}

fn fill(mut file: File, bytes: &[u8], permissions: fs::Permissions) -> io::Result<()> {
    file.write_all(bytes)?;
    file.set_permissions(permissions)?;
    file.sync_all()
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn a_link_and_permissions_stay_and_nothing_is_left_beside() {
        let folder = std::env::temp_dir().join(format!("agentc-replace-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let (file, link) = (folder.join("a.agent"), folder.join("b.agent"));
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        symlink("a.agent", &link).unwrap();
        replace(&link, b"new").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
        fs::remove_dir_all(folder).unwrap();
    }
}
