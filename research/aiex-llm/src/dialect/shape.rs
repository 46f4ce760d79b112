//! The optional parts of a request that some servers refuse.

use crate::ProviderKind;
use crate::failure::Fault;

/// How the provider is told to produce nothing but JSON of a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Constraint {
    /// In the field that the provider has for it.
    Native,
    /// As the input of the one tool that the model must call: for Anthropic's older models.
    Tool,
    /// Not at all; the prompt has to say it.
    No,
}

/// What of a request is sent, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    /// `max_completion_tokens` (OpenAI's reasoning models know no other) or `max_tokens` (older servers).
    pub(super) modern_limit: bool,
    limit_fixed: bool,
    pub(super) temperature: bool,
    pub(super) stream_options: bool,
    pub(super) think: bool,
    pub(crate) constraint: Constraint,
    kind: ProviderKind,
}

impl Shape {
    /// What the server at `host` most probably understands.
    pub(crate) fn for_server(kind: ProviderKind, host: &str) -> Self {
        let modern_limit = host == "api.openai.com" || host.ends_with(".openai.azure.com");
        Self {
            modern_limit,
            limit_fixed: kind != ProviderKind::OpenAi && kind != ProviderKind::LmStudio,
            temperature: true,
            stream_options: true,
            think: true,
            constraint: Constraint::Native,
            kind,
        }
    }

    /// Leaves out or renames what the server just refused; `false` when the refusal was about something
    /// else. Every part can be given up once, so asking again is bounded.
    pub(crate) fn give_up(&mut self, fault: &Fault) -> bool {
        let words = fault.message.to_lowercase();
        let about = |name: &str| fault.param.starts_with(name) || words.contains(name);
        if self.constraint != Constraint::No && self.constraint_refused(about) {
            self.constraint = match (self.kind, self.constraint) {
                (ProviderKind::Anthropic, Constraint::Native) => Constraint::Tool,
                _ => Constraint::No,
            };
            return true;
        }
        if !self.limit_fixed && (about("max_tokens") || about("max_completion_tokens")) {
            self.limit_fixed = true;
            self.modern_limit = !self.modern_limit;
            return true;
        }
        if self.stream_options && about("stream_options") {
            self.stream_options = false;
            return true;
        }
        if self.temperature && about("temperature") {
            self.temperature = false;
            return true;
        }
        // "does not support thinking": some versions say it of models that never think, whatever was asked.
        if self.think && self.kind == ProviderKind::Ollama && about("support thinking") {
            self.think = false;
            return true;
        }
        false
    }

    fn constraint_refused(&self, about: impl Fn(&str) -> bool) -> bool {
        let names: &[&str] = match self.kind {
            ProviderKind::OpenAi | ProviderKind::LmStudio => {
                &["response_format", "json_schema", "schema", "grammar"]
            }
            ProviderKind::OpenAiResponses => &["text.format", "json_schema", "schema"],
            ProviderKind::Anthropic if self.constraint == Constraint::Tool => &["tool_choice", "tool"],
            ProviderKind::Anthropic => &["output_config", "output_format", "schema"],
            ProviderKind::Ollama => &["format", "grammar", "schema"],
        };
        names.iter().any(|name| about(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about(message: &str) -> Fault {
        Fault {
            message: message.to_owned(),
            ..Fault::default()
        }
    }

    #[test]
    fn a_refused_part_is_given_up_once() {
        let mut shape = Shape::for_server(ProviderKind::OpenAi, "api.openai.com");
        assert!(shape.modern_limit);
        let limit = about("Unsupported parameter: 'max_completion_tokens'");
        assert!(shape.give_up(&limit));
        assert!(!shape.modern_limit);
        assert!(!shape.give_up(&limit));
        assert!(shape.give_up(&Fault {
            param: "temperature".to_owned(),
            ..Fault::default()
        }));
        assert!(shape.give_up(&about("unknown field stream_options")));
        assert!(!shape.give_up(&about("'temperature' and stream_options again")));
    }

    #[test]
    fn a_refused_schema_is_given_up_step_by_step() {
        let mut shape = Shape::for_server(ProviderKind::Anthropic, "api.anthropic.com");
        assert!(shape.give_up(&about("output_config: Extra inputs are not permitted")));
        assert_eq!(shape.constraint, Constraint::Tool);
        assert!(shape.give_up(&about("tool_choice: not supported")));
        assert_eq!(shape.constraint, Constraint::No);
        assert!(!shape.give_up(&about("tool_choice: not supported")));
        for (kind, message) in [
            (
                ProviderKind::OpenAi,
                "Invalid schema for response_format 'plan': …",
            ),
            (
                ProviderKind::LmStudio,
                "'response_format.type' must be 'json_schema' or 'text'",
            ),
            (
                ProviderKind::OpenAiResponses,
                "Unsupported parameter: 'text.format'",
            ),
            (ProviderKind::Ollama, "invalid format: expected an object"),
        ] {
            let mut shape = Shape::for_server(kind, "x");
            assert!(shape.give_up(&about(message)), "{message}");
            assert_eq!(shape.constraint, Constraint::No, "{message}");
        }
    }
}
