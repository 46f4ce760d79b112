//! Whole runs against scripted ports and a real store.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod runs {
    mod again;
    mod ahead;
    mod answering;
    mod budget;
    mod citing;
    mod comparing;
    mod earlier;
    mod failing;
    mod following;
    mod killing;
    mod late;
    mod long;
    mod removing;
    mod steering;
    mod verifying;
    mod whole;
    pub(crate) mod world;
}
