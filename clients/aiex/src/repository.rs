//! The folder that a verb is about, as the daemon wants it: absolute and in UTF-8.

use std::path::Path;

use crate::exit_code::ExitCode;
use crate::failure::Failure;

/// `folder`, or the one we stand in, made absolute. It must exist.
pub(crate) fn absolute(folder: Option<&Path>) -> Result<String, Failure> {
    let folder = folder.unwrap_or(Path::new("."));
    let absolute = folder.canonicalize().map_err(|error| {
        Failure::new(
            ExitCode::RepositoryRefused,
            format!("there is no folder `{}`", folder.display()),
        )
        .because(&error)
    })?;
    text(&absolute)
}

/// `folder` made absolute if it exists, and taken as it stands otherwise: a repository that is gone can
/// still be forgotten.
pub(crate) fn absolute_or_gone(folder: &Path) -> Result<String, Failure> {
    let absolute = folder.canonicalize().or_else(|_| std::path::absolute(folder));
    text(absolute.as_deref().unwrap_or(folder))
}

fn text(path: &Path) -> Result<String, Failure> {
    path.to_str().map(str::to_owned).ok_or_else(|| {
        Failure::new(
            ExitCode::RepositoryRefused,
            format!("the folder's name is not UTF-8: `{}`", path.display()),
        )
        .hint("rename the folder, or reach it through a link with a plain name")
    })
}
