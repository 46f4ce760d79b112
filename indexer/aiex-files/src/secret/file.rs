//! Files that are secrets as a whole.

use crate::relpath::RelPath;

const NAMES: &[&str] = &[
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    ".netrc",
    "_netrc",
    ".pgpass",
    ".htpasswd",
    ".git-credentials",
    ".dockercfg",
    ".vault-token",
    ".pypirc",
    ".s3cfg",
    ".boto",
    ".my.cnf",
    "credentials",
    "credentials.json",
    "credentials.xml",
    "service-account.json",
    "service_account.json",
    "master.key",
    "secrets.yml",
    "secrets.yaml",
    "secrets.json",
    "secrets.toml",
    "kubeconfig",
    "terraform.tfstate",
    "terraform.tfstate.backup",
];

const EXTENSIONS: &[&str] = &[
    "pem", "key", "p12", "pfx", "p8", "pkcs12", "keystore", "jks", "ppk", "kdbx", "ovpn", "tfstate", "keytab",
];

/// Endings of `.env` files that are written to be shared. They are read, and blotted like any other file.
const SAMPLES: &[&str] = &["example", "sample", "template", "dist", "defaults", "schema"];

/// The rule that makes the whole file a secret, by its path.
pub fn whole_file(path: &RelPath) -> Option<&'static str> {
    let name = String::from_utf8_lossy(path.name()).to_ascii_lowercase();
    if NAMES.contains(&name.as_str()) {
        return Some("a file of credentials");
    }
    let lower = path.as_bytes().to_ascii_lowercase();
    let in_folder = |tail: &[u8]| {
        lower
            .strip_suffix(tail)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with(b"/"))
    };
    if in_folder(b".docker/config.json") || in_folder(b".kube/config") || in_folder(b".aws/config") {
        return Some("a file of credentials");
    }
    if let Some((stem, extension)) = name.rsplit_once('.')
        && EXTENSIONS.contains(&extension)
        && !SAMPLES.iter().any(|sample| stem.ends_with(sample))
    {
        return Some("key material");
    }
    if name.starts_with("client_secret") && name.ends_with(".json") {
        return Some("a file of credentials");
    }
    is_env(&name).then_some("an environment file")
}

fn is_env(name: &str) -> bool {
    let sample = SAMPLES.iter().any(|sample| name.ends_with(sample));
    let env = name == ".env"
        || name == ".envrc"
        || [".env.", ".env-", ".env_"]
            .iter()
            .any(|prefix| name.starts_with(prefix))
        || name.ends_with(".env");
    let shared = sample
        || SAMPLES
            .iter()
            .any(|sample| name.strip_suffix(".env").is_some_and(|s| s.ends_with(sample)));
    env && !shared
}

/// The rule that makes the whole file a secret, by its contents.
pub fn whole_text(path: &RelPath, text: &str) -> Option<&'static str> {
    let start = text.trim_start();
    let first = start.lines().next().unwrap_or_default();
    let is_pem = first.starts_with("-----BEGIN ") && first.contains("PRIVATE KEY");
    if is_pem || first.starts_with("PuTTY-User-Key-File-") || first.starts_with("AGE-SECRET-KEY-1") {
        return Some("key material");
    }
    let name = String::from_utf8_lossy(path.name()).to_ascii_lowercase();
    let token = |line: &str| {
        let line = line.trim_start();
        !line.starts_with(['#', ';'])
            && line.split_once('=').is_some_and(|(key, value)| {
                (key.contains("_authToken") || key.contains("_password") || key.trim() == "_auth")
                    && !value.trim().starts_with("${")
            })
    };
    (name == ".npmrc" && text.lines().any(token)).then_some("a registry token")
}

#[cfg(test)]
mod tests {
    use super::{whole_file, whole_text};
    use crate::relpath::RelPath;

    fn path(name: &str) -> RelPath {
        RelPath::from_bytes(name).unwrap()
    }

    #[test]
    fn files_of_secrets_are_known_by_name() {
        for name in [
            ".env",
            "a/.env.local",
            ".env.production",
            "prod.env",
            ".envrc",
            "tls/server.pem",
            "x.KEY",
            "a.p12",
            "id_rsa",
            "d/.ssh/id_ed25519",
            ".netrc",
            "android/release.keystore",
            ".aws/credentials",
            "home/.docker/config.json",
        ] {
            assert!(whole_file(&path(name)).is_some(), "{name}");
        }
        for name in [
            ".env.example",
            ".env.sample",
            ".env.template",
            "example.env",
            "env.rs",
            "environment.ts",
            "key.rs",
            "id_rsa.pub",
            "config.json",
            "src/credentials.rs",
            "keys/mod.rs",
            "server.pem.md",
            "pem.rs",
            ".npmrc",
            "secret.rs",
        ] {
            assert!(whole_file(&path(name)).is_none(), "{name}");
        }
    }

    #[test]
    fn files_of_secrets_are_known_by_contents() {
        assert!(whole_text(&path("k"), "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n").is_some());
        assert!(whole_text(&path("k"), "-----BEGIN CERTIFICATE-----\nabc\n").is_none());
        assert!(whole_text(&path(".npmrc"), "//r.example/:_authToken=abc\n").is_some());
        assert!(whole_text(&path(".npmrc"), "//r.example/:_authToken=${TOKEN}\nsave=true\n").is_none());
        assert!(whole_text(&path("a.rs"), "fn main() {}\n").is_none());
    }
}
