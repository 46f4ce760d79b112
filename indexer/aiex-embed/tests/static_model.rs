//! The built-in model gives what the program that made it says.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use aiex_embed::static_model::StaticModel;
use aiex_embed::{Cost, Embedder};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    text: String,
    ids: Vec<u32>,
    head: Vec<f32>,
}

fn golden() -> Vec<Golden> {
    serde_json::from_str(include_str!("../model/golden.json")).unwrap()
}

fn cosine(model: &StaticModel, a: &str, b: &str) -> f32 {
    let (a, b) = (model.embed_query(a).unwrap(), model.embed_query(b).unwrap());
    a.iter().zip(&b).map(|(x, y)| x * y).sum()
}

#[test]
fn texts_become_the_tokens_the_model_was_trained_on() {
    let model = StaticModel::built_in().unwrap();
    for sample in golden() {
        assert_eq!(
            model.tokenizer().token_ids(&sample.text),
            sample.ids,
            "{}",
            sample.text
        );
    }
}

#[test]
fn texts_become_the_vectors_the_model_was_measured_with() {
    let model = StaticModel::built_in().unwrap();
    for sample in golden() {
        let vector = model.embed_query(&sample.text).unwrap();
        for (found, expected) in vector.iter().zip(&sample.head) {
            assert!(
                (found - expected).abs() < 1e-5,
                "{}: {found} {expected}",
                sample.text
            );
        }
    }
}

#[test]
fn a_batch_gives_what_single_texts_give() {
    let model = StaticModel::built_in().unwrap();
    let samples = golden();
    let texts: Vec<&str> = samples.iter().map(|sample| sample.text.as_str()).collect();
    let mut batch = vec![7.0];
    model.embed_documents(&texts, &mut batch).unwrap();
    assert_eq!(batch.len(), 1 + texts.len() * model.dimensions());
    for (text, vector) in texts.iter().zip(batch[1..].chunks(model.dimensions())) {
        assert_eq!(vector, model.embed_query(text).unwrap());
        let length: f32 = vector.iter().map(|x| x * x).sum();
        assert!((length - 1.0).abs() < 1e-4 || length == 0.0);
    }
}

#[test]
fn a_text_without_words_has_the_zero_vector() {
    let model = StaticModel::built_in().unwrap();
    for text in ["", " \n", "{}();", "\u{4e2d}\u{6587}"] {
        assert!(
            model.embed_query(text).unwrap().iter().all(|&x| x == 0.0),
            "{text}"
        );
    }
}

#[test]
fn related_texts_are_nearer_than_unrelated_ones() {
    let model = StaticModel::built_in().unwrap();
    let query = "retry a failed http request with exponential backoff";
    let right = "fn send_with_retries(req: Request) { let mut delay = BASE; for attempt in 0..MAX { match client.send(&req) { Ok(r) => return r, Err(_) => { sleep(delay); delay *= 2; } } } }";
    let wrong = "fn draw_circle(canvas: &mut Canvas, center: Point, radius: f32, color: Color) { for angle in 0..360 { canvas.plot(center, radius, angle, color); } }";
    assert!(cosine(&model, query, right) > cosine(&model, query, wrong) + 0.1);
}

#[test]
fn threads_share_the_model() {
    let model = StaticModel::built_in().unwrap();
    let expected = model.embed_query("fn main() {}").unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    assert_eq!(model.embed_query("fn main() {}").unwrap(), expected);
                }
            });
        }
    });
}

#[test]
fn the_identity_names_the_model_and_its_content() {
    let model = StaticModel::built_in().unwrap();
    let parts: Vec<&str> = model.id().split(':').collect();
    assert_eq!(parts[..2], ["static", "aiex-static-v2"]);
    assert_eq!(parts[2].len(), 16);
    assert_eq!(model.cost(), Cost::Cheap);
}
