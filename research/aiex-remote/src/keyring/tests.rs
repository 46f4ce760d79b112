//! Which key is lent, when, and what is said when none is.

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn ring(keys: &[&str]) -> KeyRing {
    KeyRing::new(keys.iter().map(Secret::new), Rate::per(100, SECOND))
}

async fn lent(ring: &KeyRing) -> Lease {
    ring.lease(1, Instant::now()).await.unwrap()
}

async fn names(ring: &KeyRing, times: usize) -> String {
    let mut names = String::new();
    for _ in 0..times {
        names.push_str(lent(ring).await.secret.unwrap().expose());
    }
    names
}

fn rejected() -> Failure {
    Failure::KeyRejected {
        message: "Unauthorized.".to_owned(),
    }
}

fn exhausted() -> Failure {
    Failure::KeyExhausted {
        message: "Not enough credits".to_owned(),
    }
}

fn limited(after: Option<Duration>) -> Failure {
    Failure::RateLimited {
        after,
        message: "slow down".to_owned(),
    }
}

#[tokio::test(start_paused = true)]
async fn keys_take_turns_and_a_rejected_one_never_comes_back() {
    let ring = ring(&["a", "", "b", "c"]);
    assert_eq!(names(&ring, 4).await, "abca");
    let b = lent(&ring).await;
    ring.report(&b, &rejected());
    assert_eq!(names(&ring, 4).await, "caca");
    tokio::time::advance(Duration::from_secs(30 * 86_400)).await;
    assert_eq!(names(&ring, 3).await, "cac");
}

#[tokio::test(start_paused = true)]
async fn a_used_up_key_rests_for_hours_and_a_limited_one_as_asked() {
    let ring = ring(&["a", "b"]);
    ring.report(&lent(&ring).await, &exhausted());
    ring.report(&lent(&ring).await, &limited(Some(7 * SECOND)));
    let none = ring.lease(1, Instant::now() + SECOND).await.unwrap_err();
    assert_eq!(none.free_in, Some(7 * SECOND));
    assert_eq!(
        none.to_string(),
        "key 1 is used up (Not enough credits) and is tried again in 6 h, \
         key 2 was used too often and rests for 7 s"
    );
    let begun = Instant::now();
    let lease = ring.lease(1, begun + 10 * SECOND).await.unwrap();
    assert_eq!(
        (lease.secret.unwrap().expose(), begun.elapsed()),
        ("b", 7 * SECOND)
    );
    assert_eq!(names(&ring, 2).await, "bb");
    tokio::time::advance(EXHAUSTED).await;
    assert_eq!(names(&ring, 2).await, "ab");
}

#[tokio::test(start_paused = true)]
async fn when_no_key_is_left_the_reasons_are_told() {
    let ring = ring(&["a", "b"]);
    assert!(!ring.is_spent());
    for _ in 0..2 {
        ring.report(&lent(&ring).await, &rejected());
    }
    let none = ring.lease(1, Instant::now() + 60 * SECOND).await.unwrap_err();
    assert_eq!(none.free_in, None);
    assert_eq!(
        none.to_string(),
        "key 1 was rejected (Unauthorized.), key 2 was rejected (Unauthorized.)"
    );
    assert!(ring.is_spent());
    let none = self::ring(&[]).lease(1, Instant::now()).await.unwrap_err();
    assert_eq!(none.to_string(), "no key is set");
}

#[tokio::test(start_paused = true)]
async fn each_key_keeps_its_own_rate() {
    let keys = ["a", "b"].map(Secret::new);
    let ring = KeyRing::new(keys, Rate::spaced(SECOND));
    let begun = Instant::now();
    let mut at = Vec::new();
    for _ in 0..6 {
        ring.lease(1, begun + 60 * SECOND).await.unwrap();
        at.push(begun.elapsed().as_secs());
    }
    assert_eq!(at, [0, 0, 1, 1, 2, 2]);
}

#[tokio::test(start_paused = true)]
async fn each_key_keeps_its_own_rate_of_weights() {
    let ring = ring(&["a", "b"]).weighed(Rate::per(60, 60 * SECOND));
    let begun = Instant::now();
    let mut lent = Vec::new();
    // Each has sixty at once and then one a second.
    for weight in [60, 40, 20, 30, 10] {
        let lease = ring.lease_weighing(1, weight, begun + 60 * SECOND).await.unwrap();
        let name = lease.secret.unwrap().expose().to_owned();
        lent.push((name, begun.elapsed().as_secs()));
    }
    let expected = [("a", 0), ("b", 0), ("b", 0), ("a", 30), ("b", 30)];
    assert_eq!(lent, expected.map(|(name, at)| (name.to_owned(), at)));
}

#[tokio::test(start_paused = true)]
async fn a_weight_that_comes_too_late_takes_nothing() {
    let ring = KeyRing::anonymous(Rate::spaced(SECOND)).weighed(Rate::per(10, 10 * SECOND));
    let begun = Instant::now();
    let none = ring.lease_weighing(1, 100, begun + SECOND).await.unwrap_err();
    assert_eq!(none.free_in, Some(90 * SECOND));
    assert_eq!(none.to_string(), "the rate allows the next request only in 2 min");
    ring.lease_weighing(1, 10, begun).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn asking_without_a_key_rests_too() {
    let ring = KeyRing::anonymous(Rate::per(10, SECOND));
    let lease = lent(&ring).await;
    assert_eq!(lease.secret, None);
    ring.report(&lease, &limited(None));
    let none = ring.lease(1, Instant::now()).await.unwrap_err();
    assert_eq!(
        none.to_string(),
        "asking without a key was used too often and rests for 5 s"
    );
}
