//! Files that a user asked for: whole or not at all, and nothing is overwritten without being told to.

use std::fs::Permissions;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::exit_code::ExitCode;
use crate::failure::Failure;

/// Writes a file in one step.
pub(crate) fn write(path: &Path, text: &str, may_replace: bool) -> Result<(), Failure> {
    let failed = |error: &io::Error| {
        Failure::new(
            ExitCode::RequestFailed,
            format!("cannot write {}", path.display()),
        )
        .because(error)
    };
    let exists = || {
        Failure::new(ExitCode::Usage, format!("{} is there already", path.display()))
            .hint("--force replaces it")
    };
    // Also told when the file that is there could not be replaced anyway.
    if !may_replace && path.symlink_metadata().is_ok() {
        return Err(exists());
    }
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let mut file = tempfile::Builder::new()
        .prefix(".aiex-")
        // As any other file; the user's mask is taken off.
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder)
        .map_err(|error| failed(&error))?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.as_file().sync_all())
        .map_err(|error| failed(&error))?;
    let kept = if may_replace {
        file.persist(path)
    } else {
        file.persist_noclobber(path)
    };
    match kept {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Err(exists()),
        Err(error) => Err(failed(&error.error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(failure: &Failure) -> String {
        match failure {
            Failure::Diagnostic(diagnostic) => diagnostic.message.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_file_is_replaced_only_when_told_to() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.md");
        write(&path, "one", false).unwrap();
        let refused = write(&path, "two", false).unwrap_err();
        assert!(
            message(&refused).ends_with("report.md is there already"),
            "{refused:?}"
        );
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one");
        write(&path, "two", true).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count(),
            1,
            "nothing is left over"
        );
        let mode = path.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o600, 0o600);
    }

    #[test]
    fn a_folder_that_is_not_there_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let refused = write(&folder.path().join("no/report.md"), "x", false).unwrap_err();
        assert!(message(&refused).starts_with("cannot write "), "{refused:?}");
    }
}
