//! What is blotted out of a text, and what is not.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use aiex_files::secret::{redact, redact_typed};

/// Assembled at run time, so that no scanner takes this file for a leak.
fn joined(parts: &[&str]) -> String {
    parts.concat()
}

#[test]
fn secrets_are_blotted_out_and_everything_else_stays() {
    let hex = "9f86d081884c7d659a2feaa0c55ad015";
    let cases = [
        ("aws_access_key_id", joined(&["key = AK", "IAQ3EGRZT5WXYNM2KL"])),
        (
            "github_token",
            joined(&["git clone https://x/ghp", "_aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5"]),
        ),
        (
            "github_token",
            joined(&[
                "\"github_p",
                "at_11AAAAAAA0aB3dE5fG7hJ9_kL1mN3pQ5rS7tU9vW1xY3zA5bC7dE9fG\"",
            ]),
        ),
        ("slack_token", joined(&["t: xox", "b-123456789012-abcdefGHIJKL"])),
        (
            "stripe_key",
            joined(&["Stripe.key('sk_li", "ve_4eC39HqLyjWDarjtT1zdp7dc')"]),
        ),
        (
            "google_api_key",
            joined(&["AI", "zaSyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q"]),
        ),
        (
            "openai_key",
            joined(&["client(\"sk", "-proj-aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY\")"]),
        ),
        (
            "json_web_token",
            joined(&[
                "Cookie: ey",
                "JhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
            ]),
        ),
        ("password", "password = \"hU7!kd93Ls\"".into()),
        ("password", "  db_passwd: 'xK9#mQ2pL5'".into()),
        ("password", "const DB_PASSWORD: &str = \"Tr0ub4dor&3\";".into()),
        ("password", "{\"Password\": \"S3cure!pass\"}".into()),
        ("secret_assignment", format!("client_secret = '{hex}'")),
        ("secret_assignment", format!("\"api_key\": \"{hex}\",")),
        ("secret_assignment", format!("API_KEY={hex}")),
        ("secret_assignment", format!("export AUTH_TOKEN={hex}  # ci")),
        (
            "secret_assignment",
            format!("let token = String::from(\"{hex}\");"),
        ),
        ("secret_assignment", format!("setenv(\"SECRET\", \"{hex}\")")),
        ("bearer_token", format!("-H 'Authorization: Bearer {hex}'")),
        ("password_in_url", "postgres://app:kd93Ls7hU@db.internal/x".into()),
        (
            "private_key",
            format!("-----BEGIN RSA PRIVATE KEY-----\n{hex}\n{hex}\n-----END RSA PRIVATE KEY-----\n"),
        ),
        (
            "private_key",
            format!("k = \"-----BEGIN PRIVATE KEY-----\\n\" +\n  \"{hex}{hex}\\n\" +\n \"-----END"),
        ),
    ];
    for (rule, case) in cases {
        let before = format!("// first line\n{case}\nlet after = 1; // ünï\n");
        let mut text = before.clone();
        let redactions = redact(&mut text);
        assert_eq!(
            redactions.iter().map(|r| r.rule).collect::<Vec<_>>(),
            [rule],
            "{case}"
        );
        assert_eq!(redactions[0].line, 2, "{case}");
        assert_eq!(text.len(), before.len(), "{case}");
        let lines = |s: &str| s.match_indices('\n').map(|(at, _)| at).collect::<Vec<_>>();
        assert_eq!(lines(&text), lines(&before), "{case}");
        assert!(text.contains("********"), "{text}");
        assert!(
            text.starts_with("// first line\n") && text.ends_with("\nlet after = 1; // ünï\n"),
            "{text}"
        );
        assert!(!text.contains(hex), "{text}");
    }
}

#[test]
fn ordinary_code_is_left_alone() {
    let cases = [
        "let sha = \"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\";",
        "const ID: &str = \"550e8400-e29b-41d4-a716-446655440000\";",
        "assert_eq!(encode(b\"foobar\"), \"Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MA==\");",
        "commit 0123456789abcdef0123456789abcdef01234567",
        "integrity = \"sha512-aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5bC7dE9fG==\"",
        "let password = read_password()?;",
        "password: String,",
        "if password == other.password { return; }",
        "let token = self.next_token_v2();",
        "token = tokens[index]",
        "fn parse_token(input: &str) -> Token { Token::Ident(\"identifier_of_some_length\") }",
        "TOKEN_TYPE = \"urn:ietf:params:oauth:token-type:access_token\"",
        "label = \"Enter your password, please\"",
        "placeholder_password = \"your-password-1A\"",
        "password = \"${DB_PASSWORD}\"",
        "SECRET_KEY = os.environ[\"SECRET_KEY\"]",
        "secret_name: \"projects/my-project/secrets/db\"",
        "api_key: Option<String>,",
        "tokenizer = \"cl100k_base_with_more_2_3_4\"",
        "pub const ACCESS_TOKEN_PROVIDER: &str = \"AccessTokenProviderFactory2\";",
        "token_url = \"https://example.org/oauth2/v1/token0a1b2c\"",
        "see https://example.org:8080/a@b and git@github.com:org/repo.git",
        "postgres://user:password@localhost/db and http://${user}:${pass}@host/",
        "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBaMQswCQYDVQQGEwJJ\n",
        "if text.contains(\"-----BEGIN PRIVATE KEY-----\") && text.contains(\"-----END PRIVATE KEY-----\") { reject(); }",
        "class=\"sk-cube-grid-animation-container\" id=\"disk-usage-chart-with-long-name\"",
        "npm_config_registry_something_long_enough_to_be_looked_at = 1",
        "struct EyJsonParser; let eyJ = 1;",
        "PWD=$(pwd)/some/long/path/to/a/directory/v2/x",
        "let key = \"aGVsbG8gd29ybGQgdGhpcyBpcyBiYXNlNjQ=\";",
        "x = very_long_identifier_name_that_goes_on_and_on_123_and_on_456_until_the_end",
        "assert_tokens(&value, &[Token::BorrowedStr(\"2000-01-01T00:00:00.0Z\")]);",
        "AKIA and ghp_ and xoxb- and AIza are prefixes",
    ];
    for case in cases {
        let mut text = case.to_owned();
        let redactions = redact(&mut text);
        assert!(redactions.is_empty(), "{case}: {redactions:?} {text}");
        assert_eq!(text, case);
    }
}

#[test]
fn passwords_in_questions_are_blotted_out() {
    let cases = [
        ("why is password=hunter2 refused?", "hunter2"),
        ("psql -c 'password=hunter2' says no", "hunter2"),
        ("is passwd: Tr0ub4dor&3 too weak?", "Tr0ub4dor&3"),
        ("sqlcmd with pwd=S3cretOne, and it hangs", "S3cretOne"),
        ("Server=db;pwd=winter22;Database=app fails", "winter22"),
        ("GET /login?password=winter22&user=ada gives 500", "winter22"),
        ("MYSQL_PWD=winter22 mysqldump fails.", "winter22"),
        ("PGPASSWORD=winter22 psql", "winter22"),
        ("the config has password = 'winter22' and", "winter22"),
        ("in {\"password\": \"winter22\"} it is", "winter22"),
        ("password: 123456", "123456"),
        ("is Password=Passw0rd! the default?", "Passw0rd!"),
        ("my Passphrase: Correct!Horse does not work", "Correct!Horse"),
        ("passwd: winter22 user=app", "winter22"),
        ("password=grün2024 ist falsch", "grün2024"),
        ("password=\"hU7!kd93Ls\" strong as in files", "hU7!kd93Ls"),
    ];
    for (case, password) in cases {
        let mut text = case.to_owned();
        let redactions = redact_typed(&mut text);
        assert_eq!(
            redactions.iter().map(|r| r.rule).collect::<Vec<_>>(),
            ["password"],
            "{case}"
        );
        let blots = "*".repeat(password.len());
        assert_eq!(text, case.replace(password, &blots));
        assert!(redact_typed(&mut text).is_empty(), "{text}");
    }
}

#[test]
fn code_and_placeholders_in_questions_are_left_alone() {
    let cases = [
        "password = \"...\"",
        "password = \"\" by default",
        "what does password=<password> mean",
        "password=[YOUR-PASSWORD-1] in the docs",
        "why is it password: string and not bytes",
        "password: String, pwd: &str",
        "password: &'static str = \"x\"",
        "fn login(user: &str, password: Option<String>)",
        "connect(password=None, port=8080)",
        "connect(password=None,port=8080)",
        "password=get_password() is slow",
        "password=get_password_v2(user1)",
        "self.password=password1, why",
        "password=user.password2 fails",
        "password=config.db1.secret",
        "password=db_pass_2 is a variable",
        "password=$DB_PASS1 or ${DB_PASS1} or %DB_PASS1%",
        "password=os.environ['DB_PASS1']",
        "password: :pass1 and password = @pass1",
        "password=changeme1 in the example",
        "password=\"your-password-1A\"",
        "password: ******** is shown",
        "password=xxxxxxx1",
        "if password == hunter22 or password != hunter22",
        "password => hunter22 in a hash",
        "is password: sha256 or argon2id or bcrypt12 better",
        "the password: is it hashed?",
        "password_hash=abc123def and password_file: secret1.txt",
        "pwd=/home/ada/src1 and PWD: ./build22",
        "password: \"at least 8 characters\"",
        "passwords: hunter22 is one of them",
        "Password::Hunter22 is a variant",
        "password:",
        "password=",
        "pwd = '",
    ];
    for case in cases {
        let mut text = case.to_owned();
        let redactions = redact_typed(&mut text);
        assert!(redactions.is_empty(), "{case}: {redactions:?} {text}");
        assert_eq!(text, case);
    }
    // A file is read as before.
    let mut text = "password=hunter2 in a file".to_owned();
    assert!(redact(&mut text).is_empty());
}

#[test]
fn a_truncated_or_hostile_text_neither_panics_nor_stalls() {
    for text in [
        "-----BEGIN",
        "-----BEGIN PRIVATE KEY-----",
        "password",
        "password=",
        "password = \"",
        "sk-",
        "://",
        "token:",
        "Bearer ",
    ] {
        let mut text = text.to_owned();
        assert!(redact(&mut text).is_empty());
    }
    for unit in [
        "token:",
        "password=\"",
        "-----BEGIN PRIVATE KEY-----",
        "://a:",
        "eyJ",
        "sk-",
    ] {
        let mut text = unit.repeat(200_000 / unit.len());
        let length = text.len();
        redact(&mut text);
        redact_typed(&mut text);
        assert_eq!(text.len(), length);
    }
}
