"""Score each task of the taskset with verifiers' own traces: the solution, a wrong text, and no reply."""

import asyncio
import json
import sys
from pathlib import Path

import verifiers.v1 as vf
from verifiers.v1.graph import MessageNode
from verifiers.v1.trace import AgentInfo, Trace, TraceTask
from verifiers.v1.types import AssistantMessage
from verifiers.v1.utils.loaders import load_taskset, taskset_class

ID = "puzzlegen-taskset"


def trace_of(task: vf.Task, *replies: AssistantMessage) -> Trace:
    about = TraceTask(type=type(task).__name__, data=task.data, key=task.key, hash=task.hash)
    trace = Trace(task=about, agent=AgentInfo(config=vf.AgentConfig()))
    trace.nodes = [MessageNode(message=reply, sampled=True) for reply in replies]
    return trace


async def scored(task: vf.Task, *replies: AssistantMessage) -> dict:
    trace = trace_of(task, *replies)
    await task.score(trace)
    return {"reward": trace.reward, "metrics": trace.metrics}


async def main(folder: Path) -> list[dict]:
    config = taskset_class(ID).__orig_bases__[0].__args__[1](id=ID, folder=folder, frames=4)
    found = []
    for task in load_taskset(config):
        thought, _, said = task.data.solution.partition("</think>")
        apart = AssistantMessage(content=said, reasoning_content=thought.removeprefix("<think>"))
        prompt = [part.type for message in task.data.prompt for part in message.content]
        found.append(
            {
                "key": task.key,
                "prompt": prompt,
                "system": task.data.system_prompt,
                "gold": await scored(task, AssistantMessage(content=task.data.solution)),
                "apart": await scored(task, apart),
                "wrong": await scored(task, AssistantMessage(content="hm")),
                "nothing": await scored(task),
            }
        )
    return found


print(json.dumps(asyncio.run(main(Path(sys.argv[1])))))
