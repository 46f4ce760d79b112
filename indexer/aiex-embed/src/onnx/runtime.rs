//! Finding and loading ONNX Runtime's shared library, with an error where loading it blindly would panic.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::EmbedError;

/// The library's file name on this system.
pub const LIBRARY: &str = if cfg!(windows) {
    "onnxruntime.dll"
} else if cfg!(target_os = "macos") {
    "libonnxruntime.dylib"
} else {
    "libonnxruntime.so"
};

/// Where package managers and the release archives' instructions put libraries.
const FOLDERS: &[&str] = if cfg!(windows) {
    &[
        r"C:\Program Files\onnxruntime\lib",
        r"C:\Program Files\onnxruntime\bin",
    ]
} else if cfg!(target_os = "macos") {
    &["/opt/homebrew/lib", "/usr/local/lib"]
} else {
    &[
        "/usr/local/lib",
        "/usr/lib",
        "/usr/lib64",
        "/usr/lib/x86_64-linux-gnu",
        "/usr/lib/aarch64-linux-gnu",
        "/opt/onnxruntime/lib",
    ]
};

/// The library at `chosen` (a file, or a folder that holds it), else in the system's library folders.
pub fn find(chosen: Option<&Path>) -> Result<PathBuf, EmbedError> {
    if let Some(path) = chosen {
        let found = if path.is_dir() {
            in_folder(path)
        } else {
            path.is_file().then(|| path.to_owned())
        };
        return found.ok_or_else(|| missing(path.display().to_string()));
    }
    let found = FOLDERS.iter().find_map(|folder| in_folder(Path::new(folder)));
    found.ok_or_else(|| missing(FOLDERS.join(", ")))
}

fn missing(looked: String) -> EmbedError {
    EmbedError::RuntimeMissing {
        name: LIBRARY,
        looked,
    }
}

/// The library in a folder: its plain name, else one with a version such as `libonnxruntime.so.1.24.0`, the last by name.
fn in_folder(folder: &Path) -> Option<PathBuf> {
    let plain = folder.join(LIBRARY);
    if plain.is_file() {
        return Some(plain);
    }
    let (stem, suffix) = LIBRARY.split_once('.')?;
    let versioned = |name: &str| {
        let linux = name
            .strip_prefix(LIBRARY)
            .is_some_and(|rest| rest.starts_with('.'));
        let mac = name.starts_with(&format!("{stem}.")) && name.ends_with(&format!(".{suffix}"));
        linux || mac
    };
    let names = std::fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let last = names.filter(|name| versioned(name)).max()?;
    Some(folder.join(last)).filter(|path| path.is_file())
}

/// Finds the library and loads it into the process; the first one loaded stays.
pub fn load(chosen: Option<&Path>) -> Result<(), EmbedError> {
    static LOADED: Mutex<bool> = Mutex::new(false);
    let mut loaded = LOADED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if *loaded {
        return Ok(());
    }
    let path = find(chosen)?;
    let environment = ort::init_from(&path).map_err(|error| EmbedError::RuntimeUnusable {
        path: path.clone(),
        what: error.to_string(),
    })?;
    environment.with_name("aiex").commit();
    *loaded = true;
    tracing::info!(path = %path.display(), "loaded ONNX Runtime");
    Ok(())
}

/// How to get the library on this system.
pub fn install_hint() -> String {
    let minor = ort::MINOR_VERSION;
    let install = if cfg!(windows) {
        "install it with `pip install onnxruntime` and name the folder `onnxruntime\\capi` of that package, or unpack \
         onnxruntime-win-x64 from the project's releases and name its `lib` folder"
    } else if cfg!(target_os = "macos") {
        "install it with `brew install onnxruntime`"
    } else {
        "install it with `pip install onnxruntime` and name the folder that \
         `python3 -c \"import onnxruntime, os; print(os.path.join(os.path.dirname(onnxruntime.__file__), 'capi'))\"` prints, \
         or unpack onnxruntime-linux from the project's releases and name its `lib` folder"
    };
    format!("ONNX Runtime 1.{minor} or newer is needed: {install}; the built-in model needs none of this")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_library_is_an_error_with_an_install_command() {
        let folder = tempfile::tempdir().unwrap();
        let error = load(Some(folder.path())).unwrap_err();
        assert!(matches!(error, EmbedError::RuntimeMissing { .. }), "{error}");
        assert!(error.hint().unwrap().contains("install"));
    }

    #[test]
    fn a_file_that_is_no_library_is_an_error_and_no_panic() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(LIBRARY);
        std::fs::write(&path, "not a library").unwrap();
        let error = load(Some(&path)).unwrap_err();
        assert!(matches!(error, EmbedError::RuntimeUnusable { .. }), "{error}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_versioned_library_is_found() {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "libonnxruntime.so.1.23.0",
            "libonnxruntime.so.1.24.1",
            "libonnxruntime_providers_shared.so",
        ] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        assert!(
            find(Some(folder.path()))
                .unwrap()
                .ends_with("libonnxruntime.so.1.24.1")
        );
    }
}
