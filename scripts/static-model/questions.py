"""Documentation sentences rewritten as people type them into a search box."""

import re

SPOKEN = {"python": "python", "javascript": "javascript", "typescript": "typescript", "go": "golang", "java": "java", "rust": "rust",
          "cpp": "c++", "csharp": "c#", "php": "php", "ruby": "ruby", "kotlin": "kotlin", "swift": "swift", "scala": "scala",
          "haskell": "haskell", "lua": "lua", "shell": "bash", "c": "c"}
ASIDE = re.compile(r"\([^)]*\)|\[[^\]]*\]|``?[^`]*`` ?|:\w+:|https?:\S+")
END = re.compile(r"(?<=\w)[.;:!?](?:\s|$)|\s[-\u2013\u2014]\s|,\s(?:and|or|but|which|where|if|when|so)\s")
SMALL = {"a", "an", "the", "this", "that", "of", "to", "for", "and", "or", "is", "in", "with", "given", "its", "it", "be", "by", "on", "as"}
GET = {"return", "get"}
MOST_WORDS = 12


def imperative(word):
    """`Removes` -> `remove`, `computes` -> `compute`; other words in lower case."""
    word = word.lower()
    if len(word) > 4 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-2] if word.endswith(("ches", "shes", "sses", "xes", "zes")) else word[:-3] + "y" if word.endswith("ies") else word[:-1]
    return word


def question(sentence, language, rng):
    """A question or a few keywords that ask for what a documentation sentence says; the choices come from `rng`."""
    first = END.split(ASIDE.sub(" ", sentence), maxsplit=1)[0]
    parts = [p.strip(".'") for p in re.findall(r"[A-Za-z0-9_+#'.]+", first)[:MOST_WORDS] if p.strip(".'")]
    if len(parts) < 2:
        return sentence
    verb = imperative(parts[0])
    if verb in GET:
        verb = rng.choice(["get", "get", "return", "find", ""])
    parts = [verb] + [p.lower() if p.istitle() else p for p in parts[1:]]
    dropping = rng.choice([0.0, 0.5, 1.0])
    kept = [p for p in parts if p and not (p.lower() in SMALL and rng.random() < dropping) and not rng.random() < 0.08]
    text = " ".join(kept or parts)
    spoken = SPOKEN.get(language, "")
    how = rng.choice(["", "", "", "how to ", "how to ", "how do i ", "function to ", "code to "])
    where = rng.random()
    if spoken and where < 0.6:
        return f"{spoken} {how}{text}" if where < 0.3 else f"{how}{text} {'in ' if rng.random() < 0.5 else ''}{spoken}"
    return how + text
