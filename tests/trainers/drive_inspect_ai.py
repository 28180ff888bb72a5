"""Run the task on a mock model, which answers every second sample correctly, the first with separate reasoning."""

import json
import sys
from pathlib import Path

from inspect_ai import eval as evaluate
from inspect_ai.model import ChatMessageAssistant, ContentReasoning, ContentText, ModelOutput, ModelUsage, get_model

from puzzlegen.adapters.inspect_ai import puzzles
from puzzlegen.reading import files_in, read_rows

folder = Path(sys.argv[1])
solutions = {r["id"]: r["solution"] for f in files_in(folder) for r in read_rows(folder / f["path"])}
task = puzzles(str(folder), frames=int(sys.argv[2]))
outputs = []
for k, sample in enumerate(task.dataset):
    output = ModelOutput.from_content("mockllm/model", "hm" if k % 2 else solutions[sample.id])
    if k == 0:
        thought, _, said = solutions[sample.id].removeprefix("<think>").partition("</think>")
        parts = [ContentReasoning(reasoning=thought), ContentText(text=said)]
        output.choices[0].message = ChatMessageAssistant(content=parts)
    # Without usage, Inspect AI counts tokens, with a file that it downloads.
    output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
    outputs.append(output)
model = get_model("mockllm/model", custom_outputs=outputs)
(log,) = evaluate(task, model=model, display="none", log_dir="logs", max_samples=1)
assert log.status == "success", log.error
print(
    json.dumps(
        {
            "metrics": {s.name: {k: m.value for k, m in s.metrics.items()} for s in log.results.scores},
            "samples": [
                {
                    "id": sample.id,
                    "input": [part.type for part in sample.input[-1].content],
                    "score": sample.scores["puzzle_scorer"].value,
                    "why": sample.scores["puzzle_scorer"].explanation,
                }
                for sample in log.samples
            ],
        }
    )
)
