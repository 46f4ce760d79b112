//! Which pages are conversations and lists: extraction made for articles drops most of them.

use dom_query::Document;
use url::Url;

use super::PageKind;

/// Labels of host names under which people discuss.
const FORUM_LABELS: &[&str] = &[
    "forum",
    "forums",
    "community",
    "discuss",
    "discourse",
    "discussions",
    "board",
    "boards",
    "bbs",
    "users",
    "talk",
    "answers",
];

/// Hosts of discussions.
const FORUM_HOSTS: &[&str] = &[
    "news.ycombinator.com",
    "lobste.rs",
    "reddit.com",
    "quora.com",
    "groups.google.com",
    "lemmy.world",
];

/// Parts of paths of discussions, a slash on both sides.
const FORUM_PARTS: &[&str] = &[
    "/forum/",
    "/forums/",
    "/thread/",
    "/threads/",
    "/topic/",
    "/topics/",
    "/t/",
    "/viewtopic.php/",
    "/showthread.php/",
    "/discussion/",
    "/discussions/",
    "/comments/",
    "/community/",
    "/questions/",
    "/board/",
    "/index.php/topic/",
];

/// Parts of paths of lists.
const LIST_PARTS: &[&str] = &[
    "/tag/",
    "/tags/",
    "/category/",
    "/categories/",
    "/collections/",
    "/collection/",
    "/search/",
    "/archive/",
    "/archives/",
    "/browse/",
    "/directory/",
    "/page/",
];

/// Programs of forums, as they name themselves.
const FORUM_PROGRAMS: &[&str] = &[
    "discourse",
    "phpbb",
    "vbulletin",
    "xenforo",
    "flarum",
    "mybb",
    "invision",
    "vanilla",
    "nodebb",
    "smf",
];

/// What a page looks like from its address and the program that made it; `None` for an article.
pub(super) fn kind(document: &Document, url: &Url) -> Option<PageKind> {
    let host = url.host_str().unwrap_or_default().trim_start_matches("www.");
    let path = format!("{}/", url.path().trim_end_matches('/').to_ascii_lowercase());
    let labelled = host.split('.').any(|label| FORUM_LABELS.contains(&label));
    let known = FORUM_HOSTS
        .iter()
        .any(|known| host == *known || host.strip_suffix(known).is_some_and(|rest| rest.ends_with('.')));
    if labelled || known || FORUM_PARTS.iter().any(|part| path.contains(part)) || is_forum_program(document) {
        return Some(PageKind::Discussion);
    }
    LIST_PARTS
        .iter()
        .any(|part| path.contains(part))
        .then_some(PageKind::Listing)
}

fn is_forum_program(document: &Document) -> bool {
    let generator = document
        .try_select("meta[name='generator' i]")
        .and_then(|meta| meta.attr("content"));
    generator.is_some_and(|name| {
        let name = name.to_ascii_lowercase();
        FORUM_PROGRAMS.iter().any(|program| name.contains(program))
    })
}
