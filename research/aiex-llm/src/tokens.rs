//! How many tokens a text takes: exactly where a model's vocabulary is built in or the user has its file, else a
//! conservative estimate, which is there to see an overflow before sending and so errs on the high side.
//!
//! Built in are OpenAI's two vocabularies (`o200k_base`, `cl100k_base`), which take 5.3 MB of the program and, once
//! a model of that family is asked, some tens of megabytes of memory. Other vendors publish none or ones as large
//! again for each model; with open models it comes as `tokenizer.json`, which can be named ([`Tokenizer`]). For the rest there
//! is the estimate. It was compared with three vocabularies of 100 to 262 thousand
//! tokens: on source code, Markdown and prose it lies 15 to 60 % above them. Listings of assembler, encoded bytes and
//! rare ideographs can take up to a quarter more than it says; there the server's refusal is the second guard, and what
//! its first answer says that the prompt took the third.

mod vocabulary;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

pub use vocabulary::{Tokenizer, Unreadable};

use crate::{Prompt, ProviderConfig, ProviderKind};

/// What a chat template adds to every message (role markers and separators), in tokens. Markers that the model was
/// not made for are cut into several tokens each, as with small models under a borrowed template.
pub const PER_MESSAGE: usize = 12;

/// What a chat template adds to every prompt: its beginning, and the opening of the answer.
pub const PER_PROMPT: usize = 16;

/// Byte-pair vocabularies average 4 or more characters a token on English prose and 3.2 to 3.6 on source
/// code; the lower end of code is used for everything.
const CHARS_PER_TOKEN: f64 = 3.2;

/// Text without white space that is longer than this, in bytes, is estimated by everybody: no prose or code has
/// such words, and exact counting takes more than proportional time for them.
const LONGEST_WORD: usize = 4096;

/// The most that a service is believed to count for one token of ours: it may count characters, but not more.
const MOST_LEARNED: f64 = 8.0;

/// What is put on top of a ratio that is learned: the next text may be a little denser, and what was reserved for it before
/// is not to be too little.
const HEADROOM: f64 = 1.1;

/// A prompt shorter than this, in tokens, teaches nothing: what a template adds weighs too much in it.
const LEAST_LEARNED_FROM: u64 = 64;

/// Counts tokens for one model. Clones learn together.
#[derive(Debug, Clone)]
pub struct Counter {
    vocabulary: Vocabulary,
    learned: Option<Arc<Learned>>,
}

/// How much more a service counts than its counter, in thousandths.
#[derive(Debug, Default)]
struct Learned(AtomicU32);

#[derive(Debug, Clone)]
enum Vocabulary {
    O200k,
    Cl100k,
    /// The user's file.
    File(Tokenizer),
    /// Not known.
    Other,
}

impl Counter {
    /// The estimate, for models of unknown vocabulary.
    pub const ESTIMATE: Self = Self {
        vocabulary: Vocabulary::Other,
        learned: None,
    };

    /// The counter for a provider's model: its file, if it is configured with one.
    pub fn of(config: &ProviderConfig) -> Self {
        match &config.tokenizer {
            Some(tokenizer) => Self {
                vocabulary: Vocabulary::File(tokenizer.clone()),
                learned: Some(Arc::default()),
            },
            None => Self::for_model(config.kind, &config.model),
        }
    }

    /// The counter for `model`, in the provider's spelling.
    fn for_model(kind: ProviderKind, model: &str) -> Self {
        let name = model.rsplit('/').next().unwrap_or(model).to_lowercase();
        let begins = |names: &[&str]| names.iter().any(|begin| name.starts_with(begin));
        let vocabulary = if kind == ProviderKind::Anthropic {
            Vocabulary::Other
        } else if begins(&[
            "gpt-4o",
            "gpt-4.1",
            "gpt-4.5",
            "gpt-5",
            "gpt-oss",
            "o1",
            "o3",
            "o4",
            "chatgpt-4o",
        ]) {
            Vocabulary::O200k
        } else if begins(&["gpt-4", "gpt-3.5"]) {
            Vocabulary::Cl100k
        } else {
            Vocabulary::Other
        };
        Self {
            vocabulary,
            learned: Some(Arc::default()),
        }
    }

    /// Whether [`Counter::count`] is exact.
    pub fn is_exact(&self) -> bool {
        !matches!(self.vocabulary, Vocabulary::Other)
    }

    /// How many tokens of the service one that is counted here is, as far as its answers tell; at least 1.
    pub(crate) fn ratio(&self) -> f64 {
        let thousandths = match self.learned.as_deref() {
            Some(Learned(thousandths)) => thousandths.load(Ordering::Relaxed),
            None => 0,
        };
        f64::from(thousandths.max(1000)) / 1000.0
    }

    /// Notes what a service counted for a prompt that was expected to take at most so many tokens, at the ratio of then.
    /// Where it is more, all that is counted from now on is that much more: a budget must hold as the service counts.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "no prompt has 2^52 tokens, and the ratio is between one and eight"
    )]
    pub(crate) fn learn(&self, expected: u64, ratio: f64, counted: u64) {
        if let Some(learned) = &self.learned
            && expected >= LEAST_LEARNED_FROM
            && counted > expected
        {
            let Learned(thousandths) = learned.as_ref();
            let ratio = (HEADROOM * ratio * counted as f64 / expected as f64).min(MOST_LEARNED);
            thousandths.fetch_max((1000.0 * ratio).ceil() as u32, Ordering::Relaxed);
        }
    }

    /// The tokens of `text`, or at most about so many.
    pub fn count(&self, text: &str) -> usize {
        let exact = match &self.vocabulary {
            _ if text.split_whitespace().any(|word| word.len() > LONGEST_WORD) => None,
            Vocabulary::O200k => Some(tiktoken_rs::o200k_base_singleton().count_ordinary(text)),
            Vocabulary::Cl100k => Some(tiktoken_rs::cl100k_base_singleton().count_ordinary(text)),
            Vocabulary::File(tokenizer) => tokenizer.count(text),
            Vocabulary::Other => None,
        };
        let own = exact.unwrap_or_else(|| estimate(text));
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a count, never negative, far below 2^52"
        )]
        let of_service = (own as f64 * self.ratio()).ceil() as usize;
        of_service
    }

    /// The tokens of a prompt, what a chat template adds included.
    pub fn prompt(&self, prompt: &Prompt) -> usize {
        let texts = prompt.messages.iter().map(|message| message.text.as_str());
        texts
            .chain((!prompt.system.is_empty()).then_some(prompt.system.as_str()))
            .map(|text| self.count(text) + PER_MESSAGE)
            .sum::<usize>()
            + PER_PROMPT
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Letter,
    Digit,
    Mark,
    Line,
    Blank,
    Accented,
    Foreign,
    Wide,
    Symbol,
    Astral,
}

fn class(c: char) -> Class {
    match c {
        'a'..='z' | 'A'..='Z' => Class::Letter,
        '0'..='9' => Class::Digit,
        '\n' => Class::Line,
        c if c.is_whitespace() => Class::Blank,
        c if c.is_ascii() => Class::Mark,
        // Accented Latin, and Cyrillic, which large vocabularies merge.
        '\u{80}'..='\u{36f}' | '\u{400}'..='\u{52f}' => Class::Accented,
        // Greek, Hebrew, Arabic and their neighbours.
        '\u{370}'..='\u{7ff}' => Class::Foreign,
        '\u{2000}'..='\u{2bff}' | '\u{fe00}'..='\u{fe0f}' => Class::Symbol,
        '\u{800}'..='\u{ffff}' => Class::Wide,
        _ => Class::Astral,
    }
}

/// Letters and digits mixed in a row of this length are a hash or an encoding, which no vocabulary holds.
const HASH: usize = 24;

/// At most about this many tokens are in `text`: the larger of `characters / 3.2` and a count by kind of
/// character, in which a word takes a token for each four letters or part of four, every digit takes one, as do
/// each four of three different punctuation marks, each line end, and each run of blanks other than a single one.
/// Accented letters take one, those of other alphabets and ideographs one and a half, symbols two and a half, what
/// lies beyond the basic plane four. Random letters and digits take one each.
pub fn estimate(text: &str) -> usize {
    let mut halves = 0usize; // counted in half tokens, to stay in whole numbers
    let mut chars = 0usize;
    let mut rest = text.chars().peekable();
    // A row of letters and digits, and what was counted for it so far.
    let (mut row, mut row_halves, mut row_digits, mut row_letters) = (0usize, 0usize, false, false);
    while let Some(first) = rest.next() {
        let kind = class(first);
        let mut run = 1usize;
        let mut changes = 1usize;
        let mut last = first;
        while let Some(c) = rest.next_if(|c| class(*c) == kind) {
            run += 1;
            changes += usize::from(c != last);
            last = c;
        }
        chars += run;
        let counted = match kind {
            Class::Letter => 2 * run.div_ceil(4),
            Class::Digit => 2 * run,
            // The same mark again and again is a rule, which is one word of most vocabularies.
            Class::Mark if changes == 1 => 2 * run.div_ceil(2),
            Class::Mark => 2 * (3 * run).div_ceil(4),
            Class::Line => 2 * run.div_ceil(16),
            // A blank belongs to the word after it, but digits stand alone.
            Class::Blank if run == 1 && first == ' ' => match rest.peek().map(|c| class(*c)) {
                Some(Class::Digit) => 2,
                _ => 0,
            },
            Class::Blank => 2 * run.div_ceil(16),
            Class::Accented => 2 * run,
            Class::Foreign | Class::Wide => 3 * run,
            Class::Symbol => 5 * run,
            Class::Astral => 8 * run,
        };
        halves += counted;
        if matches!(kind, Class::Letter | Class::Digit) {
            row += run;
            row_halves += counted;
            row_digits |= kind == Class::Digit;
            row_letters |= kind == Class::Letter;
        }
        let goes_on = rest
            .peek()
            .is_some_and(|c| matches!(class(*c), Class::Letter | Class::Digit));
        if !goes_on || !matches!(kind, Class::Letter | Class::Digit) {
            if row >= HASH && row_digits && row_letters {
                halves += (2 * row).saturating_sub(row_halves);
            }
            (row, row_halves, row_digits, row_letters) = (0, 0, false, false);
        }
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a count, never negative"
    )]
    #[expect(clippy::cast_precision_loss, reason = "no text has 2^52 characters")]
    let flat = (chars as f64 / CHARS_PER_TOKEN).ceil() as usize;
    flat.max(halves.div_ceil(2))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_service_that_counts_more_is_believed_and_one_that_counts_less_is_not() {
        let counter = Counter::for_model(ProviderKind::OpenAi, "some-model");
        let (text, clone) = ("a text of some words ".repeat(20), counter.clone());
        let own = counter.count(&text);
        counter.learn(100, 1.0, 90);
        counter.learn(10, 1.0, 1000);
        assert_eq!(
            counter.count(&text),
            own,
            "neither less, nor what a template adds to a few words"
        );
        counter.learn(100, 1.0, 300);
        // Two requests that were under way together tell the same thing.
        counter.learn(100, 1.0, 300);
        assert_eq!(counter.ratio(), 3.3, "a tenth above what was seen");
        assert_eq!(clone.count(&text), (3.3 * own as f64).ceil() as usize);
        counter.learn(330, 3.3, 400);
        assert_eq!(counter.ratio(), 4.4);
        counter.learn(100, 1.0, 100_000);
        assert_eq!(counter.ratio(), MOST_LEARNED, "a server may claim anything");
    }

    #[test]
    fn known_texts_are_not_underestimated() {
        // Token counts of the cl100k vocabulary, as its publisher's documentation gives them.
        assert!(estimate("hello world") >= 2);
        assert!(estimate("antidisestablishmentarianism") >= 6);
        assert!(estimate("2 + 2 = 4") >= 7);
        assert!(estimate("お誕生日おめでとう") >= 9);
        assert_eq!(estimate(""), 0);
    }

    /// Texts with the tokens that Gemma 3's vocabulary of 262 thousand takes for them, as llama.cpp counted.
    const COUNTED: [(&str, usize); 18] = [
        (
            "The quick brown fox jumps over the lazy dog while retries are decided by the scheduler in the background thread.",
            22,
        ),
        (
            "Die Wiederholungsversuche werden im Hintergrund mit exponentiell wachsenden Pausen durchgeführt, damit der Dienst nicht überlastet wird.",
            29,
        ),
        (
            "Les nouvelles tentatives sont effectuées en arrière-plan avec des pauses croissantes afin de ne pas surcharger le service.",
            23,
        ),
        (
            "Los reintentos se realizan en segundo plano con pausas crecientes para no sobrecargar el servicio.",
            21,
        ),
        (
            "Ponowne próby są wykonywane w tle z rosnącymi przerwami, aby nie przeciążyć usługi.",
            25,
        ),
        (
            "Повторные попытки выполняются в фоновом режиме с возрастающими паузами, чтобы не перегружать сервис.",
            25,
        ),
        (
            "Οι επαναλήψεις εκτελούνται στο παρασκήνιο με αυξανόμενες παύσεις ώστε να μην υπερφορτωθεί η υπηρεσία.",
            38,
        ),
        (
            "הניסיונות החוזרים מבוצעים ברקע עם הפסקות הולכות וגדלות כדי לא להעמיס על השירות.",
            36,
        ),
        (
            "تتم إعادة المحاولات في الخلفية مع فترات توقف متزايدة حتى لا يتم تحميل الخدمة فوق طاقتها.",
            28,
        ),
        (
            "सेवा पर अधिक भार न पड़े इसलिए पुनः प्रयास पृष्ठभूमि में बढ़ते अंतराल के साथ किए जाते हैं।",
            19,
        ),
        ("为了避免服务过载，重试会在后台以指数级增长的间隔进行。", 18),
        (
            "サービスに過負荷をかけないように、再試行は指数関数的に増加する間隔でバックグラウンドで行われます。",
            27,
        ),
        (
            "서비스에 과부하가 걸리지 않도록 재시도는 지수적으로 증가하는 간격으로 백그라운드에서 수행됩니다.",
            29,
        ),
        (
            "การลองใหม่จะดำเนินการในพื้นหลังโดยมีช่วงเวลาที่เพิ่มขึ้นเพื่อไม่ให้บริการทำงานหนักเกินไป",
            22,
        ),
        ("🎉🚀🔥😀👍🏽👩‍💻🇩🇪✨🤖💥", 14),
        ("∀x∈ℝ: ⌊x⌋ ≤ x < ⌊x⌋+1 ∧ ∑ᵢ₌₁ⁿ i = n(n+1)/2", 36),
        (
            "THE RETRY_POLICY_MAX_ATTEMPTS IS SET BY CONFIGURE_BACKOFF_SETTINGS",
            21,
        ),
        (
            "getHTTPResponseCodeXMLHttpRequestUTF8StringURLSessionDataTaskQZKXJ",
            16,
        ),
    ];

    #[test]
    fn the_estimate_is_never_below_the_truth_in_any_language() {
        let o200k = Counter::for_model(ProviderKind::OpenAi, "gpt-4.1");
        for (text, gemma) in COUNTED {
            let truth = o200k.count(text).max(gemma);
            assert!(estimate(text) >= truth, "{} < {truth}: {text}", estimate(text));
        }
    }

    #[test]
    fn the_estimate_is_never_below_the_truth_for_code() {
        let [o200k, cl100k] =
            ["gpt-5-mini", "gpt-4-turbo"].map(|model| Counter::for_model(ProviderKind::OpenAi, model));
        let hash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        for text in [
            include_str!("tokens.rs"),
            include_str!("json/lenient.rs"),
            include_str!("standin/anthropic.rs"),
            include_str!("prices.toml"),
            include_str!("../Cargo.toml"),
            include_str!("../tests/structured/corpus.rs"),
            hash,
        ] {
            let truth = o200k.count(text).max(cl100k.count(text));
            let estimate = estimate(text);
            assert!(estimate >= truth, "{estimate} < {truth}: {}", &text[..40]);
        }
    }

    #[test]
    fn counting_is_exact_where_the_vocabulary_is_known() {
        let count = |model, text| Counter::for_model(ProviderKind::OpenAi, model).count(text);
        // As the vocabularies' publisher gives them.
        assert_eq!(count("gpt-4", "antidisestablishmentarianism"), 6);
        assert_eq!(count("gpt-4", "2 + 2 = 4"), 7);
        assert_eq!(count("gpt-4", "お誕生日おめでとう"), 9);
        assert_eq!(count("openai/gpt-oss-20b", "お誕生日おめでとう"), 8);
        assert!(Counter::for_model(ProviderKind::LmStudio, "openai/gpt-oss-20b").is_exact());
        assert!(!Counter::for_model(ProviderKind::Ollama, "qwen3:8b").is_exact());
        assert!(!Counter::for_model(ProviderKind::Anthropic, "claude-sonnet-4-5").is_exact());
        // A word that no text has is not counted exactly, but never too low.
        assert_eq!(
            count("gpt-4", &"a".repeat(100_000)),
            estimate(&"a".repeat(100_000))
        );
    }

    proptest! {
        #[test]
        fn stays_between_the_flat_rate_and_four_tokens_a_character(text in ".{0,400}") {
            let chars = text.chars().count();
            let tokens = estimate(&text);
            prop_assert!(tokens * 16 >= chars * 5);
            prop_assert!(tokens <= 4 * chars);
        }

        #[test]
        fn more_text_never_takes_fewer_tokens(a in ".{0,200}", b in ".{0,200}") {
            let longer = a.clone() + &b;
            prop_assert!(estimate(&longer) >= estimate(&a));
        }
    }
}
