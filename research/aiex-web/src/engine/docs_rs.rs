//! docs.rs: the items of the crates that a question names, at their locked versions. The site has no search that
//! programs may use, but every crate's documentation has a page that lists all of its items.

use std::sync::OnceLock;

use aiex_remote::{Failure, Secret};
use regex::Regex;
use url::Url;

use super::refusal::by_status;
use super::{Ask, Reading, Wire, below, hit, odd};
use crate::http::{Answer, Request};
use crate::{Dependency, Ecosystem, Query, Wording};

/// Crates that are looked at for one question.
const MOST_CRATES: usize = 2;

#[derive(Debug)]
pub(super) struct DocsRs;

impl Wire for DocsRs {
    fn asks(&self, query: &Query, wording: &Wording, has_key: bool) -> Vec<Ask> {
        let named = wording
            .packages
            .iter()
            .filter(|package| package.ecosystem == Ecosystem::Rust);
        let mut crates: Vec<Dependency> = named.cloned().collect();
        if crates.is_empty()
            && query
                .languages
                .iter()
                .any(|language| language.eq_ignore_ascii_case("rust"))
        {
            crates.extend(written_as_path(&wording.original));
        }
        crates.truncate(MOST_CRATES);
        let asks = crates.into_iter().map(|package| {
            let version = package.version.as_deref().unwrap_or("latest");
            let shown = format!("{} {version}: {}", package.name, wording.original);
            let ask = Ask::new(&wording.original, query, has_key);
            Ask {
                shown,
                package: Some(package),
                ..ask
            }
        });
        asks.collect()
    }

    fn request(&self, base: &Url, ask: &Ask, _key: Option<&Secret>) -> Result<Request, Failure> {
        let (name, version) = place(ask)?;
        let library = name.replace('-', "_");
        let mut request = Request::get(below(base, &format!("{name}/{version}/{library}/all.html")));
        request.accept = "text/html";
        Ok(request)
    }

    fn read(&self, ask: &Ask, answer: &Answer) -> Result<Reading, Failure> {
        // A crate that does not exist, or whose documentation was never built.
        if answer.status == 404 {
            return Ok(Reading::default());
        }
        if !answer.is_success() {
            return Err(by_status(ask, answer, ""));
        }
        let page = answer.text();
        if !page.contains("all-items") && !page.contains("List of all items") {
            return Err(odd("no items are listed"));
        }
        let (name, _) = place(ask)?;
        let mut items = listed(&page, &wanted(&ask.text, &name));
        items.truncate(ask.count.saturating_sub(1));
        // After a redirect the address has the version that `latest` is.
        let version = answer
            .url
            .path_segments()
            .and_then(|mut parts| parts.nth_back(2))
            .unwrap_or_default();
        let overview = answer.url.join("index.html").ok();
        let mut hits: Vec<_> = items
            .into_iter()
            .filter_map(|item| {
                let url = answer.url.join(&item.link).ok()?;
                let what = item.kind();
                let title = html_escape::encode_text(&item.path).into_owned();
                hit(
                    url.as_str(),
                    &format!("{name}::{title}"),
                    &format!("{what} {title} in the documentation of {name} {version}"),
                )
            })
            .collect();
        hits.extend(overview.and_then(|url| {
            let title = format!("{name} {version}");
            hit(
                url.as_str(),
                &title,
                &format!("The documentation of the crate {title}"),
            )
        }));
        Ok(hits.into())
    }
}

/// The crate and the version; only what can stand in a path.
fn place(ask: &Ask) -> Result<(String, String), Failure> {
    let package = ask.package.as_ref();
    let plain = |text: &str| {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+');
        (!text.is_empty() && text.chars().all(fits) && !text.starts_with('.')).then(|| text.to_owned())
    };
    let name = package.and_then(|package| plain(&package.name));
    let version = package.and_then(|package| match &package.version {
        Some(version) => plain(version),
        None => Some("latest".to_owned()),
    });
    name.zip(version).ok_or_else(|| Failure::BadRequest {
        status: 0,
        message: "the name or the version is none of a crate".to_owned(),
    })
}

/// The crates that a question in code names: `tokio::spawn` names `tokio`.
fn written_as_path(text: &str) -> Vec<Dependency> {
    let own = ["std", "core", "alloc", "crate", "self", "super"];
    let words = text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
    let mut crates: Vec<Dependency> = Vec::new();
    for word in words {
        let Some((name, rest)) = word.split_once("::") else {
            continue;
        };
        let is_crate = !name.is_empty()
            && !rest.is_empty()
            && name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && !own.contains(&name);
        if is_crate && !crates.iter().any(|known| known.name == name) {
            crates.push(Dependency {
                name: name.to_owned(),
                version: None,
                ecosystem: Ecosystem::Rust,
            });
        }
    }
    crates
}

struct Item {
    /// `task/fn.spawn_blocking.html`
    link: String,
    /// `task::spawn_blocking`
    path: String,
    score: u32,
}

impl Item {
    /// `fn`, `struct`, `trait` …, as the link says it.
    fn kind(&self) -> &str {
        let file = self.link.rsplit('/').next().unwrap_or_default();
        file.split('.').next().unwrap_or_default()
    }
}

/// The words of a question that can be names of items.
fn wanted(text: &str, package: &str) -> Vec<String> {
    let package = package.to_lowercase().replace('-', "_");
    let names = text.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    let names = names
        .map(str::to_lowercase)
        .filter(|name| name.len() > 2 && *name != package);
    names.collect()
}

/// The items that a question names, those named best first, else in the page's order.
fn listed(page: &str, wanted: &[String]) -> Vec<Item> {
    static LINK: OnceLock<Option<Regex>> = OnceLock::new();
    let link = LINK.get_or_init(|| Regex::new(r#"<li><a href="([^"]+\.html)">([^<]+)</a>"#).ok());
    let links = link.as_ref().map(|link| link.captures_iter(page));
    let mut items: Vec<Item> = links
        .into_iter()
        .flatten()
        .map(|found| {
            let path = html_escape::decode_html_entities(&found[2]).into_owned();
            Item {
                link: found[1].to_owned(),
                score: score(&path, wanted),
                path,
            }
        })
        .filter(|item| item.score > 0)
        .collect();
    items.sort_by_key(|item| std::cmp::Reverse(item.score));
    items
}

/// 4 for each word that is the item's own name, 2 for one that is a part of its path, 1 for one that is a part of its
/// name: `spawn` in `spawn_blocking`.
fn score(path: &str, wanted: &[String]) -> u32 {
    let lower = path.to_lowercase();
    let own = lower.rsplit("::").next().unwrap_or_default();
    let worth = |word: &String| {
        if own == word || own.replace('_', "") == word.replace('_', "") {
            4
        } else if lower.split("::").any(|part| part == word) {
            2
        } else {
            u32::from(own.split('_').any(|part| part == word))
        }
    };
    wanted.iter().map(worth).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_ranked_by_how_they_are_named() {
        let page = r#"<ul class="all-items"><li><a href="fn.spawn.html">spawn</a></li>
            <li><a href="task/fn.spawn_blocking.html">task::spawn_blocking</a></li>
            <li><a href="task/struct.JoinHandle.html">task::JoinHandle</a></li>
            <li><a href="fs/struct.File.html">fs::File</a></li></ul>"#;
        let names = |text: &str| {
            let items = listed(page, &wanted(text, "tokio"));
            items.into_iter().map(|item| item.path).collect::<Vec<_>>()
        };
        assert_eq!(
            names("tokio::task::spawn_blocking panics"),
            ["task::spawn_blocking", "task::JoinHandle"]
        );
        assert_eq!(names("what does joinhandle abort"), ["task::JoinHandle"]);
        assert_eq!(names("spawn"), ["spawn", "task::spawn_blocking"]);
        assert!(names("tokio").is_empty());
    }

    #[test]
    fn paths_in_a_question_name_crates() {
        let names: Vec<_> = written_as_path("why `hyper_util::rt` and std::io, self::x, Vec::new, a::")
            .into_iter()
            .map(|c| c.name)
            .collect();
        assert_eq!(names, ["hyper_util"]);
    }
}
