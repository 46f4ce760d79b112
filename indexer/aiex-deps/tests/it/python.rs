//! Distributions of Python, in lockfiles and environments.

use aiex_deps::Origin;

use crate::world::World;

/// Installs a distribution whose `RECORD` names `files` into the environment at `environment`.
fn install(world: &World, environment: &str, info: &str, files: &[&str]) {
    let site = format!("{environment}/lib/python3.12/site-packages");
    let mut record = format!("{info}.dist-info/METADATA,sha256=aa,10\n../../../bin/tool,sha256=bb,1\n");
    for file in files {
        world.write(&format!("{site}/{file}"), "pass\n");
        record += &format!("{file},sha256=cc,5\n");
    }
    world.write(&format!("{site}/{info}.dist-info/RECORD"), record);
}

#[test]
fn distributions_are_found_under_the_names_of_their_modules() {
    let lock = r#"
version = 1
[[package]]
name = "app"
version = "0.1.0"
source = { editable = "." }
dependencies = [{ name = "pyyaml" }, { name = "google-cloud-storage" }]
[package.dev-dependencies]
dev = [{ name = "six" }]
[[package]]
name = "pyyaml"
version = "6.0.1"
source = { registry = "https://index.example/simple" }
[[package]]
name = "google-cloud-storage"
version = "2.1.0"
source = { registry = "https://index.example/simple" }
[[package]]
name = "six"
version = "1.16.0"
source = { registry = "https://index.example/simple" }
[[package]]
name = "setuptools"
version = "69.0.0"
[[package]]
name = "torch"
version = "2.1.0+cu118"
[[package]]
name = "other-version"
version = "2.0"
source = { git = "https://git.example/x?rev=1#aa" }
"#;
    let world = World::new(&[("repo/uv.lock", lock)]);
    let venv = "repo/.venv";
    install(
        &world,
        venv,
        "PyYAML-6.0.1",
        &["yaml/__init__.py", "yaml/loader.py", "_yaml/__init__.py"],
    );
    install(
        &world,
        venv,
        "google_cloud_storage-2.1.0",
        &["google/cloud/storage/__init__.py", "google/cloud/storage/_x/y.py"],
    );
    install(&world, venv, "six-1.16.0", &["six.py"]);
    let big: Vec<String> = (0..9).map(|n| format!("pkg_resources/m{n}.py")).collect();
    let mut files: Vec<&str> = big.iter().map(String::as_str).collect();
    files.push("setuptools/__init__.py");
    install(&world, venv, "setuptools-69.0.0", &files);
    install(&world, "active", "torch-2.1.0", &["torch/__init__.py"]);
    install(&world, venv, "other_version-1.0", &["other_version/__init__.py"]);
    let found = world.find();
    let site = "repo/.venv/lib/python3.12/site-packages";
    assert_eq!(
        world.lines(&found),
        [
            "app 0.1.0 indirect repo",
            &format!("google-cloud-storage 2.1.0 direct {site}/google/cloud/storage"),
            "other-version 2.0 indirect -",
            &format!("pyyaml 6.0.1 direct {site}/yaml"),
            &format!("setuptools 69.0.0 indirect {site}/setuptools"),
            &format!("six 1.16.0 direct {site}/six.py"),
            "torch 2.1.0+cu118 indirect active/lib/python3.12/site-packages/torch",
        ]
    );
    assert_eq!(found.packages[2].origin, Origin::Git);
    let six = &found.packages[5];
    assert!(
        six.folder.is_none() && six.module.is_some(),
        "a single file is no folder"
    );
}

#[test]
fn poetry_names_direct_dependencies_in_the_project_file() {
    let world = World::new(&[
        (
            "repo/poetry.lock",
            "[[package]]\nname = \"Flask_Login\"\nversion = \"0.6.3\"\n[package.dependencies]\nflask = \">=1\"\n\
             [[package]]\nname = \"flask\"\nversion = \"3.0.0\"\n[[package]]\nname = \"pytest\"\nversion = \"8.0\"\n\
             [[package]]\nname = \"click\"\nversion = \"8.1.7\"\n",
        ),
        (
            "repo/pyproject.toml",
            "[project]\ndependencies = [\"flask.login>=0.6\"]\n[tool.poetry.dependencies]\npython = \"^3.12\"\n\
             [tool.poetry.group.dev.dependencies]\npytest = \"*\"\n[dependency-groups]\nextra = [\"click>8\"]\n",
        ),
    ]);
    assert_eq!(
        world.lines(&world.find()),
        [
            "click 8.1.7 direct -",
            "flask 3.0.0 indirect -",
            "flask-login 0.6.3 direct -",
            "pytest 8.0 direct -"
        ]
    );
}

#[test]
fn pipenv_and_requirements_pin_with_two_equals_signs() {
    let world = World::new(&[
        (
            "repo/Pipfile.lock",
            r#"{"_meta": {"hash": {"sha256": "aa"}, "requires": {}}, "default": {"requests": {"version": "==2.31.0"}, "x": {"ref": "abc", "git": "u"}},
               "develop": {"black": {"version": "==24.1.0"}}}"#,
        ),
        ("repo/Pipfile", "[packages]\nrequests = \"*\"\n"),
        ("repo/docs/requirements-docs.txt", "Sphinx==7.2.6\nfuro>=1\n"),
    ]);
    assert_eq!(
        world.lines(&world.find()),
        [
            "black 24.1.0 indirect -",
            "requests 2.31.0 direct -",
            "sphinx 7.2.6 direct -",
            "x abc indirect -"
        ]
    );
}
