//! All answers in one ranking: duplicates merged, ranks fused, hosts mixed. It does not know how answers come, and the
//! ranking does not depend on their order.

use std::collections::{BTreeMap, HashMap};

use crate::canonical::cleaned;
use crate::shingle::Shingles;
use crate::{Canonical, Found, Hit, Sighting, Trust};

/// The constant of reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009).
const RANK_CONSTANT: f64 = 60.0;

/// How answers become a ranking.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranking {
    /// What hosts are worth.
    pub trust: Trust,
    /// What an engine's ranks are worth, by its name; 1 for those not named.
    pub engines: BTreeMap<String, f64>,
    /// How many pages of one host may stand near the top.
    pub per_host: usize,
    /// How many places are near the top.
    pub near_top: usize,
}

impl Default for Ranking {
    fn default() -> Self {
        Self {
            trust: Trust::default(),
            engines: BTreeMap::new(),
            per_host: 3,
            near_top: 10,
        }
    }
}

/// Collects answers and ranks what they hold.
///
/// A page's score is its host's trust times the sum over engines of `weight / (60 + rank)`, where an engine counts once
/// with its best rank among all its answers: an engine that was asked in two ways has no second vote. Pages are the same
/// when their canonical addresses are, or when title and snippet are nearly; pages of one host that differ in a version
/// are never.
#[derive(Debug, Clone)]
pub struct Pool {
    ranking: Ranking,
    entries: Vec<Entry>,
    by_name: HashMap<Canonical, usize>,
    /// Union-find over `entries`.
    leader: Vec<usize>,
}

#[derive(Debug, Clone)]
struct Entry {
    name: Canonical,
    url: String,
    hit: Hit,
    shingles: Shingles,
    sighting: Sighting,
}

impl Pool {
    /// An empty pool.
    pub fn new(ranking: Ranking) -> Self {
        Self {
            ranking,
            entries: Vec::new(),
            by_name: HashMap::new(),
            leader: Vec::new(),
        }
    }

    /// Adds an engine's answer to `query`, best first. What has no web address is left out.
    pub fn add(&mut self, engine: &str, query: &str, hits: &[Hit]) {
        for (at, hit) in hits.iter().enumerate() {
            let (Some(name), Some(url)) = (Canonical::of(&hit.url), cleaned(&hit.url)) else {
                continue;
            };
            self.insert(Entry {
                shingles: Shingles::of(&hit.title, &hit.snippet),
                name,
                url: url.into(),
                hit: hit.clone(),
                sighting: Sighting {
                    engine: engine.to_owned(),
                    query: query.to_owned(),
                    rank: u32::try_from(at + 1).unwrap_or(u32::MAX),
                },
            });
        }
    }

    fn insert(&mut self, entry: Entry) {
        let index = self.entries.len();
        self.leader.push(index);
        for other in 0..index {
            if self.is_copy(&self.entries[other], &entry) {
                self.join(other, index);
            }
        }
        let same_name = *self.by_name.entry(entry.name.clone()).or_insert(index);
        self.join(same_name, index);
        self.entries.push(entry);
    }

    fn is_copy(&self, a: &Entry, b: &Entry) -> bool {
        a.shingles.same_text(&b.shingles)
            && !(a.name.host() == b.name.host() && versions(a.name.path()) != versions(b.name.path()))
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.lead(a), self.lead(b));
        self.leader[a.max(b)] = a.min(b);
    }

    fn lead(&self, mut index: usize) -> usize {
        while self.leader[index] != index {
            index = self.leader[index];
        }
        index
    }

    /// How many pages there are, copies counted once.
    pub fn pages(&self) -> usize {
        (0..self.entries.len())
            .filter(|index| self.lead(*index) == *index)
            .count()
    }

    /// The best `limit` pages, best first. Ties are broken by the number of engines, then by name.
    pub fn ranked(&self, limit: usize) -> Vec<Found> {
        let mut groups: BTreeMap<usize, Vec<&Entry>> = BTreeMap::new();
        for (index, entry) in self.entries.iter().enumerate() {
            groups.entry(self.lead(index)).or_default().push(entry);
        }
        let mut found: Vec<Found> = groups
            .into_values()
            .map(|group| self.merged(group))
            .filter(|found| found.score > 0.0)
            .collect();
        found.sort_by(|a, b| {
            (b.score.total_cmp(&a.score))
                .then_with(|| engines(b).cmp(&engines(a)))
                .then_with(|| a.canonical.cmp(&b.canonical))
        });
        let mut found = self.mixed(found);
        found.truncate(limit);
        found
    }

    fn merged(&self, mut group: Vec<&Entry>) -> Found {
        // The face of a group is its most trusted address, then the best placed; all by value, none by arrival.
        group.sort_by(|a, b| {
            let trust = |entry: &Entry| self.ranking.trust.of(entry.name.host());
            (trust(b).total_cmp(&trust(a)))
                .then_with(|| a.sighting.rank.cmp(&b.sighting.rank))
                .then_with(|| a.name.cmp(&b.name))
                .then_with(|| a.sighting.cmp(&b.sighting))
                .then_with(|| (&a.hit.title, &a.hit.snippet).cmp(&(&b.hit.title, &b.hit.snippet)))
        });
        let face = group[0];
        let same_page = || group.iter().filter(|entry| entry.name == face.name);
        // Of a page's addresses the encrypted one, then the plainest.
        let plainness = |url: &&String| (!url.starts_with("https:"), url.len(), (*url).clone());
        let urls = same_page().map(|entry| &entry.url);
        let url = urls.min_by_key(plainness).unwrap_or(&face.url).clone();
        let mut sightings: Vec<Sighting> = group.iter().map(|entry| entry.sighting.clone()).collect();
        sightings.sort();
        sightings.dedup();
        let mut copies: Vec<String> = group
            .iter()
            .filter(|entry| entry.name != face.name)
            .map(|entry| entry.url.clone())
            .collect();
        copies.sort();
        copies.dedup();
        let host = face.name.host().to_owned();
        let first =
            |field: fn(&Hit) -> Option<&String>| same_page().find_map(|entry| field(&entry.hit).cloned());
        let title = same_page()
            .map(|entry| &entry.hit.title)
            .find(|title| !title.is_empty());
        let snippet = same_page()
            .map(|entry| &entry.hit.snippet)
            .find(|snippet| !snippet.is_empty());
        Found {
            canonical: face.name.clone(),
            title: title.unwrap_or(&url).clone(),
            url,
            snippet: snippet.cloned().unwrap_or_default(),
            date: first(|hit| hit.date.as_ref()),
            licence: first(|hit| hit.licence.as_ref()),
            score: self.score(&host, &sightings),
            host,
            sightings,
            copies,
        }
    }

    fn score(&self, host: &str, sightings: &[Sighting]) -> f64 {
        let mut best: BTreeMap<&str, u32> = BTreeMap::new();
        for sighting in sightings {
            let rank = best.entry(&sighting.engine).or_insert(sighting.rank);
            *rank = sighting.rank.min(*rank);
        }
        // In the order of names: sums of floats depend on the order.
        let fused: f64 = best
            .iter()
            .map(|(engine, rank)| self.weight(engine) / (RANK_CONSTANT + f64::from(*rank)))
            .sum();
        fused * self.ranking.trust.of(host)
    }

    fn weight(&self, engine: &str) -> f64 {
        let weight = self.ranking.engines.get(engine).copied().unwrap_or(1.0);
        if weight.is_finite() { weight.max(0.0) } else { 1.0 }
    }

    /// No host more than `per_host` times among the first `near_top`, as far as there are others; what is passed over
    /// follows in its order.
    fn mixed(&self, found: Vec<Found>) -> Vec<Found> {
        let mut seen: HashMap<String, usize> = HashMap::new();
        let (mut top, mut rest) = (Vec::new(), Vec::new());
        for page in found {
            let count = seen.entry(page.host.clone()).or_default();
            if top.len() < self.ranking.near_top && *count < self.ranking.per_host.max(1) {
                *count += 1;
                top.push(page);
            } else {
                rest.push(page);
            }
        }
        top.extend(rest);
        top
    }
}

fn engines(found: &Found) -> usize {
    let mut names: Vec<&str> = found
        .sightings
        .iter()
        .map(|sighting| sighting.engine.as_str())
        .collect();
    names.dedup();
    names.len()
}

/// The parts of a path that name a version: `1.45.0`, `v2`, `latest`, `main`.
fn versions(path: &str) -> Vec<&str> {
    path.split('/')
        .filter(|part| {
            let number = part.strip_prefix('v').unwrap_or(part);
            let dotted = number.starts_with(|c: char| c.is_ascii_digit())
                && number
                    .chars()
                    .all(|c| c.is_ascii_digit() || matches!(c, '.' | 'x'));
            dotted
                || [
                    "latest", "stable", "nightly", "beta", "main", "master", "dev", "current",
                ]
                .contains(part)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LONG: &str = "a runtime for writing reliable asynchronous slim applications which provides an event loop, \
                        timers, file system access and channels";

    fn hit(url: &str, snippet: &str) -> Hit {
        Hit {
            title: String::new(),
            url: url.to_owned(),
            snippet: snippet.to_owned(),
            date: None,
            licence: None,
        }
    }

    fn hits(urls: &[&str]) -> Vec<Hit> {
        urls.iter().map(|url| hit(url, "")).collect()
    }

    fn urls(pool: &Pool) -> Vec<String> {
        pool.ranked(100).into_iter().map(|found| found.url).collect()
    }

    #[test]
    fn what_several_engines_return_comes_first() {
        let mut pool = Pool::new(Ranking::default());
        pool.add("a", "q", &hits(&["https://one.org/", "https://two.org/"]));
        pool.add(
            "b",
            "q",
            &hits(&["https://three.org/", "http://www.two.org/?utm_source=x"]),
        );
        let ranked = pool.ranked(10);
        assert_eq!(ranked[0].url, "https://two.org/");
        assert_eq!(ranked[0].sightings.len(), 2);
        assert!((ranked[0].score - 2.0 / 62.0).abs() < 1e-12);
        assert_eq!(
            urls(&pool),
            ["https://two.org/", "https://one.org/", "https://three.org/"]
        );
    }

    #[test]
    fn asking_one_engine_twice_gives_it_no_second_vote() {
        let mut pool = Pool::new(Ranking::default());
        for query in ["q", "q docs"] {
            pool.add("a", query, &hits(&["https://one.org/", "https://two.org/"]));
        }
        pool.add("b", "q", &hits(&["https://x.org/", "https://two.org/"]));
        assert_eq!(urls(&pool)[0], "https://two.org/");
        assert!((pool.ranked(10)[1].score - 1.0 / 61.0).abs() < 1e-12);
    }

    #[test]
    fn copies_are_one_page_and_the_trusted_address_is_its_face() {
        let mut pool = Pool::new(Ranking::default());
        pool.add(
            "a",
            "q",
            &[
                hit("https://copy.example/tokio", LONG),
                hit("https://docs.rs/tokio/1.0/tokio", LONG),
            ],
        );
        pool.add("b", "q", &[hit("https://docs.rs/tokio/1.45/tokio", LONG)]);
        let ranked = pool.ranked(10);
        // The copy resembles both versions, so it joins them; without it they are two pages.
        assert_eq!(ranked.len(), 1);
        assert_eq!(ranked[0].host, "docs.rs");
        assert!(
            ranked[0]
                .copies
                .contains(&"https://copy.example/tokio".to_owned())
        );
        let mut pool = Pool::new(Ranking::default());
        pool.add(
            "a",
            "q",
            &[
                hit("https://docs.rs/tokio/1.0/tokio", LONG),
                hit("https://docs.rs/tokio/1.45/tokio", LONG),
            ],
        );
        assert_eq!(pool.ranked(10).len(), 2);
    }

    #[test]
    fn no_host_fills_the_top() {
        let mut pool = Pool::new(Ranking {
            per_host: 2,
            near_top: 4,
            ..Ranking::default()
        });
        let pages: Vec<String> = (0..4).map(|page| format!("https://big.org/{page}")).collect();
        let mut answer = hits(&pages.iter().map(String::as_str).collect::<Vec<_>>());
        answer.extend(hits(&["https://small.org/", "https://tiny.org/"]));
        pool.add("a", "q", &answer);
        let order = [
            "big.org/0",
            "big.org/1",
            "small.org/",
            "tiny.org/",
            "big.org/2",
            "big.org/3",
        ];
        assert_eq!(urls(&pool), order.map(|page| format!("https://{page}")));
    }

    #[test]
    fn trust_tips_the_balance_and_zero_removes() {
        let mut ranking = Ranking::default();
        ranking.trust.own.push(("spam.org".to_owned(), 0.0));
        let mut pool = Pool::new(ranking);
        pool.add(
            "a",
            "q",
            &hits(&["https://spam.org/", "https://blog.example/", "https://docs.rs/x"]),
        );
        assert_eq!(urls(&pool), ["https://docs.rs/x", "https://blog.example/"]);
    }

    #[test]
    fn versions_in_paths_are_known() {
        assert_eq!(versions("/tokio/1.45.0/tokio"), ["1.45.0"]);
        assert_eq!(versions("/en/stable/api/v2/x"), ["stable", "v2"]);
        assert!(versions("/questions/abc/3d-models").is_empty());
    }

    fn answers() -> impl Strategy<Value = Vec<(String, String, Vec<Hit>)>> {
        let page = (0_usize..4, 0_usize..6, 0_usize..3).prop_map(|(host, page, text)| {
            let host = ["a.org", "www.a.org", "docs.rs", "medium.com"][host];
            let text = [
                "",
                LONG,
                "another text that is long enough to be told apart from the first by its words, all of them",
            ][text];
            hit(&format!("https://{host}/{page}"), text)
        });
        let answer = (0_usize..3, 0_usize..2, proptest::collection::vec(page, 0..8));
        let answer =
            answer.prop_map(|(engine, query, hits)| (format!("e{engine}"), format!("q{query}"), hits));
        proptest::collection::vec(answer, 0..6)
    }

    proptest! {
        #[test]
        fn the_ranking_does_not_depend_on_the_order_of_arrival(
            (answers, shuffled) in answers().prop_flat_map(|answers| (Just(answers.clone()), Just(answers).prop_shuffle())),
        ) {
            let ranked = |answers: &[(String, String, Vec<Hit>)]| {
                let mut pool = Pool::new(Ranking { per_host: 2, near_top: 4, ..Ranking::default() });
                for (engine, query, hits) in answers {
                    pool.add(engine, query, hits);
                }
                pool.ranked(100)
            };
            prop_assert_eq!(ranked(&answers), ranked(&shuffled));
        }

        #[test]
        fn every_page_is_found_once(answers in answers()) {
            let mut pool = Pool::new(Ranking::default());
            for (engine, query, hits) in &answers {
                pool.add(engine, query, hits);
            }
            let ranked = pool.ranked(1000);
            let sightings: usize = ranked.iter().map(|found| found.sightings.len()).sum();
            let sent: std::collections::BTreeSet<_> = answers.iter().flat_map(|(engine, query, hits)| {
                (1..=hits.len()).map(move |rank| (engine, query, rank))
            }).collect();
            prop_assert!(sightings >= sent.len());
            let mut names: Vec<_> = ranked.iter().map(|found| &found.canonical).collect();
            names.sort();
            names.dedup();
            prop_assert_eq!(names.len(), ranked.len());
        }
    }
}
