//! What each engine answers when all is well, key by key as the services send it.

use std::io::Read;

use flate2::read::GzDecoder;
use serde_json::{Value, json};

use super::fault::gzip;
use super::reply::Reply;
use super::{Page, Received};

const JSON: &str = "application/json";
const ATOM: &str = "application/atom+xml; charset=utf-8";

/// The answer with `pages` in it.
pub(super) fn answer(request: &Received, pages: &[Page]) -> Reply {
    let query = request.query.as_str();
    let body = match request.engine.as_str() {
        "serper" => serper(query, pages),
        "tavily" => tavily(query, pages),
        "brave" => brave(query, pages),
        "searxng" => searxng(query, pages, &[]),
        "exa" => exa(pages),
        "stackexchange" => return zipped(&stack_exchange(pages, None)),
        "github" => github(request, pages),
        "docs.rs" => return docs_rs(request, pages),
        "wikipedia" => wikipedia(pages),
        "arxiv" => return Reply::new(200, ATOM, arxiv(query, pages)),
        "json" => json!({"data": {"items": pages.iter().map(|page| json!({
            "name": page.title, "where": {"link": page.url}, "about": page.text,
        })).collect::<Vec<_>>()}}),
        other => return Reply::new(404, "text/plain", format!("there is no engine `{other}` here")),
    };
    let mut response = Reply::new(200, JSON, body.to_string());
    if request.engine == "brave" {
        response = response.with("x-ratelimit-limit", "1, 15000");
        response = response.with("x-ratelimit-policy", "1;w=1, 15000;w=2592000");
        response = response.with("x-ratelimit-remaining", "0, 1000");
        response = response.with("x-ratelimit-reset", "1, 1419704");
    }
    response
}

/// The answer of an engine that looked and found nothing: optional keys are absent.
pub(super) fn nothing(request: &Received) -> Reply {
    let body = match request.engine.as_str() {
        "serper" => {
            json!({"searchParameters": {"q": request.query, "type": "search", "engine": "google"}, "credits": 1})
        }
        "brave" => {
            json!({"type": "search", "query": {"original": request.query, "more_results_available": false}})
        }
        "wikipedia" => json!({"batchcomplete": true}),
        "docs.rs" => {
            return Reply::new(
                404,
                "text/html; charset=utf-8",
                "<!DOCTYPE html><title>Crate not found</title>",
            );
        }
        _ => return answer(request, &[]),
    };
    Reply::new(200, JSON, body.to_string())
}

/// The answer of an engine that could not look.
pub(super) fn unresponsive(request: &Received) -> Reply {
    let silent = json!([
        ["duckduckgo", "CAPTCHA"],
        ["google", "Suspended: access denied"],
        ["bing", "timeout"]
    ]);
    let body = match request.engine.as_str() {
        "searxng" => searxng(&request.query, &[], silent.as_array().map_or(&[], Vec::as_slice)),
        "github" => json!({"total_count": 0, "incomplete_results": true, "items": []}),
        "serper" => json!({}),
        _ => return answer(request, &[]),
    };
    Reply::new(200, JSON, body.to_string())
}

/// Stack Exchange's answer with its wish for a pause.
pub(super) fn pausing(request: &Received, pages: &[Page], seconds: u64) -> Reply {
    if request.engine == "stackexchange" {
        zipped(&stack_exchange(pages, Some(seconds)))
    } else {
        answer(request, pages)
    }
}

/// What a compressed body was; a plain one as it is.
pub(super) fn unzipped(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    match GzDecoder::new(body).read_to_end(&mut out) {
        Ok(_) => out,
        Err(_) => body.to_vec(),
    }
}

/// This service compresses whether it was asked to or not.
fn zipped(body: &Value) -> Reply {
    let mut response = Reply::new(
        200,
        "application/json; charset=utf-8",
        gzip(body.to_string().as_bytes()),
    );
    response = response.with("content-encoding", "gzip");
    response
}

fn serper(query: &str, pages: &[Page]) -> Value {
    let organic: Vec<Value> = pages
        .iter()
        .zip(1..)
        .map(|(page, position)| {
            json!({"title": page.title, "link": page.url, "snippet": page.text, "position": position, "date": "Mar 3, 2025"})
        })
        .collect();
    json!({
        "searchParameters": {"q": query, "gl": "us", "hl": "en", "type": "search", "num": 10, "page": 1, "engine": "google"},
        "organic": organic,
        "relatedSearches": [{"query": "related"}],
        "credits": 1,
    })
}

fn tavily(query: &str, pages: &[Page]) -> Value {
    let results: Vec<Value> = pages
        .iter()
        .map(|page| json!({"url": page.url, "title": page.title, "content": page.text, "score": 0.81025416, "raw_content": null}))
        .collect();
    json!({
        "query": query, "follow_up_questions": null, "answer": null, "images": [], "results": results,
        "response_time": 1.09, "request_id": "123e4567-e89b-12d3-a456-426614174111",
    })
}

fn brave(query: &str, pages: &[Page]) -> Value {
    let results: Vec<Value> = pages
        .iter()
        .map(|page| {
            json!({
                "type": "search_result", "subtype": "generic", "title": escaped(&page.title), "url": page.url,
                "description": format!("<strong>{}</strong>", escaped(&page.text)),
                "page_age": "2025-03-01T10:00:00", "age": "March 1, 2025", "language": "en", "family_friendly": true,
                "meta_url": {"scheme": "https", "netloc": "x", "hostname": "x", "favicon": "", "path": ""},
            })
        })
        .collect();
    json!({
        "type": "search",
        "query": {"original": query, "altered": null, "country": "us", "bad_results": false, "more_results_available": true},
        "mixed": {"type": "mixed", "main": [{"type": "web", "index": 0, "all": false}], "top": [], "side": []},
        "web": {"type": "search", "family_friendly": true, "results": results},
    })
}

fn searxng(query: &str, pages: &[Page], silent: &[Value]) -> Value {
    let results: Vec<Value> = pages
        .iter()
        .zip(1..)
        .map(|(page, position)| {
            json!({
                "url": page.url, "title": page.title, "content": page.text, "publishedDate": "2025-03-01T00:00:00",
                "thumbnail": "", "img_src": "", "engine": "duckduckgo", "engines": ["duckduckgo"],
                "positions": [position], "score": 1.0, "category": "general", "template": "default.html",
                "parsed_url": ["https", "x", "/", "", "", ""],
            })
        })
        .collect();
    json!({
        "query": query, "results": results, "answers": [], "corrections": [], "infoboxes": [], "suggestions": [],
        "unresponsive_engines": silent,
    })
}

fn exa(pages: &[Page]) -> Value {
    let results: Vec<Value> = pages
        .iter()
        .map(|page| {
            json!({
                "id": page.url, "url": page.url, "title": page.title, "publishedDate": "2023-11-16T01:36:32.547Z",
                "author": null, "score": 0.17, "highlights": [page.text], "highlightScores": [0.46],
            })
        })
        .collect();
    json!({
        "requestId": "b594", "resolvedSearchType": "neural", "results": results, "searchTime": 812.3,
        "costDollars": {"total": 0.005, "search": {"neural": 0.005}},
    })
}

fn stack_exchange(pages: &[Page], backoff: Option<u64>) -> Value {
    let items: Vec<Value> = pages
        .iter()
        .zip(64_517_424..)
        .map(|(page, id)| {
            json!({
                "tags": ["rust"], "owner": {"account_id": 1, "reputation": 10, "user_id": 2, "display_name": "ferris"},
                "is_answered": true, "view_count": 100, "answer_count": 2, "score": 10, "creation_date": 1_628_604_773,
                "question_id": id, "content_license": "CC BY-SA 4.0", "link": page.url,
                "title": escaped(&page.title), "body": format!("<p>{}</p>", escaped(&page.text)),
            })
        })
        .collect();
    let mut body = json!({"items": items, "has_more": false, "quota_max": 300, "quota_remaining": 293});
    if let Some(seconds) = backoff {
        body["backoff"] = json!(seconds);
    }
    body
}

fn github(request: &Received, pages: &[Page]) -> Value {
    let items: Vec<Value> = pages
        .iter()
        .zip(1..)
        .map(|(page, number)| {
            if request.path.starts_with("/search/issues") {
                json!({
                    "html_url": page.url, "number": number, "title": page.title, "state": "closed", "comments": 3,
                    "created_at": "2025-03-01T10:00:00Z", "body": page.text, "score": 1.0,
                })
            } else if request.path.starts_with("/search/code") {
                json!({
                    "name": "lib.rs", "path": "src/lib.rs", "sha": "f00", "html_url": page.url, "score": 1.0,
                    "repository": {"full_name": page.title},
                    "text_matches": [{"object_type": "FileContent", "property": "content", "fragment": page.text, "matches": []}],
                })
            } else {
                json!({
                    "id": number, "full_name": page.title, "private": false, "html_url": page.url,
                    "description": page.text, "fork": false, "pushed_at": "2025-03-01T10:00:00Z",
                    "stargazers_count": 100, "language": "Rust", "license": null, "topics": [], "score": 1.0,
                })
            }
        })
        .collect();
    json!({"total_count": items.len(), "incomplete_results": false, "items": items})
}

/// The page that lists a crate's items: those pages whose address ends in the name of a file of documentation. A
/// version that is no number is sent on to the one that it is.
fn docs_rs(request: &Received, pages: &[Page]) -> Reply {
    if request.path.contains("/latest/") {
        let to = format!("/docs.rs{}", request.path.replace("/latest/", "/9.9.9/"));
        return Reply::new(302, "text/plain", "").with("location", to);
    }
    let items: String = pages
        .iter()
        .filter_map(|page| {
            Some((
                page,
                page.url
                    .rsplit('/')
                    .next()
                    .filter(|file| file.ends_with(".html"))?,
            ))
        })
        .map(|(page, file)| format!("<li><a href=\"{file}\">{}</a></li>", escaped(&page.title)))
        .collect();
    let html = format!(
        "<!DOCTYPE html><html><head><title>List of all items in this crate</title></head><body><h1>List of all items</h1>\
         <h3 id=\"functions\">Functions</h3><ul class=\"all-items\">{items}</ul></body></html>"
    );
    Reply::new(200, "text/html; charset=utf-8", html)
}

fn wikipedia(pages: &[Page]) -> Value {
    if pages.is_empty() {
        return json!({"batchcomplete": true});
    }
    let mut pages: Vec<Value> = pages
        .iter()
        .zip(1..)
        .map(|(page, index)| {
            json!({
                "pageid": 100 - index, "ns": 0, "title": page.title, "index": index, "contentmodel": "wikitext",
                "touched": "2026-03-01T10:00:00Z", "fullurl": page.url, "canonicalurl": page.url, "extract": page.text,
            })
        })
        .collect();
    // In the order of their numbers, which is not that of the ranking.
    pages.reverse();
    json!({"batchcomplete": true, "query": {"pages": pages}})
}

fn arxiv(query: &str, pages: &[Page]) -> String {
    let entries: String = pages
        .iter()
        .map(|page| {
            let (url, title, text) = (escaped(&page.url), escaped(&page.title), escaped(&page.text));
            format!(
                "<entry><id>{url}</id><updated>2024-01-02T00:00:00Z</updated><published>2024-01-01T00:00:00Z</published>\
                 <title>{title}</title><summary>  {text}\n</summary><author><name>A. Author</name></author>\
                 <link href=\"{url}\" rel=\"alternate\" type=\"text/html\"/>\
                 <link title=\"pdf\" href=\"{url}.pdf\" rel=\"related\" type=\"application/pdf\"/></entry>"
            )
        })
        .collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\">\
         <title type=\"html\">ArXiv Query: {}</title><id>http://arxiv.org/api/x</id>\
         <opensearch:totalResults xmlns:opensearch=\"http://a9.com/-/spec/opensearch/1.1/\">{}</opensearch:totalResults>\
         {entries}</feed>",
        escaped(query),
        pages.len()
    )
}

fn escaped(text: &str) -> String {
    html_escape::encode_quoted_attribute(text).into_owned()
}
