//! Packages on disk, indexed when they are asked for.

use std::fs;
use std::path::Path;

use aiex_research::SourceKind;
use tokio_util::sync::CancellationToken;

use super::*;

fn packages(top: &Path) -> Arc<Packages> {
    packages_in(top, u64::MAX)
}

fn packages_in(top: &Path, room: u64) -> Arc<Packages> {
    let home = Home::at(&top.join("home"));
    let mut settings = Settings::default();
    settings.cache.dependencies = room;
    settings.embedder.kind = EmbedderKind::Off;
    let files = Files::new(None, settings.index.max_file_size);
    Arc::new(Packages::new(&home, &settings, files))
}

fn installed(top: &Path, version: &str, readme: &str) -> Vec<Wanted> {
    let folder = top.join("repo/node_modules/retry-kit");
    fs::create_dir_all(folder.join("test")).unwrap();
    fs::write(folder.join("README.md"), readme).unwrap();
    fs::write(folder.join("index.js"), "exports.attempt = () => {}\n").unwrap();
    fs::write(folder.join("test/attempts.js"), "attempts attempts attempts\n").unwrap();
    vec![Wanted {
        name: "retry-kit".to_owned(),
        version: version.to_owned(),
        folder,
        is_named: true,
    }]
}

async fn ask(packages: &Arc<Packages>, wanted: &[Wanted], deadline: Duration) -> Vec<Found> {
    ask_until(packages, wanted, &Stop::new(deadline, &CancellationToken::new())).await
}

async fn ask_until(packages: &Arc<Packages>, wanted: &[Wanted], stop: &Stop) -> Vec<Found> {
    let search = Search {
        run: String::new(),
        source: SourceKind::Docs,
        query: "how many attempts".to_owned(),
        limit: 5,
        repos: Vec::new(),
        since: None,
        // It is the stop that counts.
        deadline: Duration::ZERO,
        kept_since_ms: 0,
        answered: Vec::new(),
    };
    let found = packages.clone().search(wanted.to_vec(), &search, stop).await;
    found.unwrap()
}

#[tokio::test]
async fn a_package_is_indexed_when_it_is_asked_for_and_again_at_another_version() {
    let dir = tempfile::tempdir().unwrap();
    let top = dir.path().canonicalize().unwrap();
    fs::create_dir_all(top.join("repo/.git")).unwrap();
    let packages = packages(&top);
    let patience = Duration::from_secs(120);

    let wanted = installed(&top, "1.0.0", "# Retry kit\n\nIt makes three attempts.\n");
    let found = ask(&packages, &wanted, patience).await;
    assert_eq!(found[0].title.split(':').next(), Some("retry-kit 1.0.0"));
    assert!(
        found[0].text.as_deref().unwrap().contains("three attempts"),
        "{found:#?}"
    );
    let Origin::Docs { root, path, .. } = &found[0].origin else {
        panic!("{:?}", found[0].origin)
    };
    assert_eq!(Path::new(root), wanted[0].folder);
    assert_eq!(path, "README.md");
    assert!(!found.iter().any(|found| format!("{found:?}").contains("test/")));
    assert!(packages.is_ready(&wanted).unwrap());

    let wanted = installed(
        &top,
        "2.0.0",
        "# Retry kit\n\nNow it makes five attempts at most.\n",
    );
    assert!(!packages.is_ready(&wanted).unwrap());
    let found = ask(&packages, &wanted, patience).await;
    assert!(found[0].text.as_deref().unwrap().contains("five attempts"));
    assert!(packages.is_ready(&wanted).unwrap());
}

#[tokio::test]
async fn what_changes_in_a_package_under_its_version_is_found_by_the_next_question() {
    let dir = tempfile::tempdir().unwrap();
    let top = dir.path().canonicalize().unwrap();
    let packages = packages(&top);
    let patience = Duration::from_secs(120);
    let wanted = installed(&top, "1.0.0", "# Retry kit\n\nIt makes three attempts.\n");
    let folder = &wanted[0].folder;
    let texts = async || {
        let found = ask(&packages, &wanted, patience).await;
        let texts: Vec<String> = found.into_iter().filter_map(|found| found.text).collect();
        texts.join("\n")
    };
    assert!(texts().await.contains("three attempts"));

    let patched = "# Retry kit\n\nIt makes seven attempts by now.\n";
    fs::write(folder.join("README.md"), patched).unwrap();
    let guide = folder.join("GUIDE.md");
    let text = "# Guide\n\nHow many attempts there are is up to `limit`.\n";
    fs::write(&guide, text).unwrap();
    let told = texts().await;
    assert!(
        told.contains("seven attempts") && told.contains("up to `limit`"),
        "{told}"
    );
    assert!(!told.contains("three attempts"), "{told}");
    assert!(packages.is_ready(&wanted).unwrap());

    fs::remove_file(&guide).unwrap();
    let told = texts().await;
    assert!(
        told.contains("seven attempts") && !told.contains("up to `limit`"),
        "{told}"
    );
}

#[tokio::test]
async fn a_package_that_cannot_be_looked_over_in_time_is_searched_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let top = dir.path().canonicalize().unwrap();
    let packages = packages(&top);
    let wanted = installed(&top, "1.0.0", "# Retry kit\n\nIt makes three attempts.\n");
    ask(&packages, &wanted, Duration::from_secs(120)).await;
    // Somebody looks over others for longer than this search can wait.
    let _looks = packages.looks.clone().lock_owned().await;
    let stop = Stop::new(Duration::from_secs(5), &CancellationToken::new());
    let found = ask_until(&packages, &wanted, &stop).await;
    assert!(!found.is_empty());
    assert!(stop.fell_short(), "it may find more in a moment");
}

#[tokio::test]
async fn packages_that_were_not_asked_about_for_longest_make_room() {
    let dir = tempfile::tempdir().unwrap();
    let top = dir.path().canonicalize().unwrap();
    let package = |name: &str| {
        let folder = top.join("modules").join(name);
        fs::create_dir_all(&folder).unwrap();
        let line = format!("{name} makes as many attempts as it takes, and each of them is logged.\n\n");
        fs::write(folder.join("README.md"), line.repeat(4000)).unwrap();
        vec![Wanted {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            folder,
            is_named: true,
        }]
    };
    let wanted = ["first", "second", "third"].map(package);
    let patience = Duration::from_secs(120);
    let scale = packages_in(&top.join("scale"), u64::MAX);
    ask(&scale, &wanted[0], patience).await;
    let facts = scale.open().unwrap().index(&wanted[0][0].folder).unwrap().facts();
    let weight = facts.disk_bytes + facts.source_bytes;
    // Room for two.
    let packages = packages_in(&top, weight * 5 / 2);
    for package in &wanted[..2] {
        ask(&packages, package, patience).await;
    }
    assert!(packages.is_ready(&wanted[1]).unwrap() && packages.is_ready(&wanted[0]).unwrap());
    ask(&packages, &wanted[2], patience).await;
    let is_ready = |at: usize| packages.is_ready(&wanted[at]).unwrap();
    assert_eq!(
        [0, 1, 2].map(is_ready),
        [true, false, true],
        "the second was used longest ago"
    );
    let registered = packages.open().unwrap().engine.registered();
    assert!(!registered.iter().any(|index| index.root == wanted[1][0].folder));

    // What does not fit at all is kept as long as somebody asks about it.
    let packages = packages_in(&top.join("small"), 1);
    let found = ask(&packages, &wanted[0], patience).await;
    assert!(!found.is_empty() && packages.is_ready(&wanted[0]).unwrap());
}

#[tokio::test]
async fn without_time_nothing_is_indexed_and_nothing_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let top = dir.path().canonicalize().unwrap();
    let packages = packages(&top);
    let wanted = installed(&top, "1.0.0", "three attempts");
    assert_eq!(ask(&packages, &wanted, Duration::ZERO).await, Vec::new());
    assert!(!packages.is_ready(&wanted).unwrap());
}
