"""The workloads on guidance with llama-cpp-python: what `cargo xtask bench peers` runs beside this project.

    peer.py serve MODEL THREADS CONTEXT    answers workloads, a line of JSON each
    peer.py once MODEL THREADS CONTEXT     a one-line program, for the time of a whole process
    peer.py quantise FROM TO TYPE          makes a model file of another type by llama.cpp

The texts, options and patterns come with each question, so that they are written down once (in `cases.rs`). What
guidance offers for watching a generation (echo, monitoring, probabilities of tokens) is off, since it takes time.
"""

import ctypes
import json
import os
import sys
import time


def load(model, threads, context):
    """A model of guidance, its context and threads as on the other side; all else as it comes."""
    from guidance import models

    threads, context = int(threads), int(context)
    return models.LlamaCpp(
        model,
        echo=False,
        enable_monitoring=False,
        n_ctx=context,
        n_threads=threads,
        n_threads_batch=threads,
    )


def sheets(lm, ask):
    from guidance import gen

    for prompt in ask["prompts"]:
        yield (lm + prompt + gen("sheet", regex=ask["regex"], max_tokens=ask["max"], temperature=0.0))["sheet"]


def selects(lm, ask):
    from guidance import select

    lm = lm + ask["prompt"]
    for label in ask["labels"]:
        lm += "\n" + label + " " + select(ask["options"], name="choice") + "."
        yield lm["choice"]


def branches(lm, ask):
    from guidance import gen

    lm = lm + ask["prompt"]
    for question in ask["questions"]:
        yield (lm + "\n" + question + gen("answer", max_tokens=ask["max"], temperature=0.0))["answer"]


def rows(lm, ask):
    from guidance import gen, select

    lm = lm + ask["prompt"]
    for mail in ask["mails"]:
        row = lm + mail + "\nMood: " + select(ask["moods"], name="mood") + "\nReply:"
        row += gen("reply", max_tokens=ask["max"], temperature=0.0)
        yield row["mood"] + ":" + row["reply"]


def rounds(lm, ask):
    from guidance import gen, select

    lm = lm + ask["prompt"]
    for seen in ask["observations"]:
        lm += "\nThought:" + gen("thought", stop="\n", max_tokens=ask["max"], temperature=0.0)
        lm += "\nAction: " + select(ask["actions"], name="action")
        lm += "\nArgument: " + gen("argument", regex=ask["regex"], max_tokens=ask["max_argument"], temperature=0.0)
        lm += "\nObservation: " + seen
        yield lm["thought"] + " | " + lm["action"] + " | " + lm["argument"]


def edit(lm, ask):
    from guidance import gen

    yield (lm + ask["prompt"] + gen("copy", max_tokens=ask["max"], temperature=0.0))["copy"]


WORKLOADS = {work.__name__: work for work in (sheets, selects, branches, rows, rounds, edit)}


def serve(model, threads, context):
    # What libraries print must not come between the answers.
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    lm = load(model, threads, context)
    print(json.dumps({"ready": True}), file=out, flush=True)
    for line in sys.stdin:
        ask = json.loads(line)
        started = time.perf_counter()
        texts = list(WORKLOADS[ask["workload"]](lm, ask))
        seconds = time.perf_counter() - started
        print(json.dumps({"seconds": seconds, "texts": texts}), file=out, flush=True)


def once(model, threads, context):
    from guidance import gen

    lm = load(model, threads, context) + "The capital of France is "
    lm += gen("city", regex="[A-Z][a-z]+", max_tokens=64, temperature=0.0)
    print(lm["city"])


def quantise(source, target, kind):
    import llama_cpp

    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype = {"q4_0": llama_cpp.LLAMA_FTYPE_MOSTLY_Q4_0, "q8_0": llama_cpp.LLAMA_FTYPE_MOSTLY_Q8_0}[kind]
    # The reference model is quantised itself; what matters here is the type, not what the weights say.
    params.allow_requantize = True
    partial = target + ".partial"
    failed = llama_cpp.llama_model_quantize(source.encode(), partial.encode(), ctypes.byref(params))
    if failed:
        sys.exit(f"llama.cpp cannot make {kind} of {source}")
    os.replace(partial, target)


if __name__ == "__main__":
    commands = {"serve": serve, "once": once, "quantise": quantise}
    commands[sys.argv[1]](*sys.argv[2:])
