"""Runtimes of a model exported to ONNX, on a CPU: OpenVINO and ONNX Runtime.

Each has one configuration for documents and one for queries. Documents come in small batches by tokens, one on each
core: cores that share a batch wait for each other. Queries come one or a few at a time, in several web processes on the
same cores, so each gets one thread, which uses the least CPU time.
"""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np

from catalog.embedding.base import FloatArray
from catalog.embedding.engine.devices import threads_to_use
from catalog.embedding.engine.tokens import TokenIds, padded

# Small batches keep a CPU's caches warm.
BUDGET_TOKENS = 1_000
TEXTS_AT_ONCE = 512
#: A fusion by ONNX Runtime that is slower on a CPU than the two kernels it replaces: a twelfth of all time.
SLOWER_THAN_ITS_PARTS = ["SkipLayerNormFusion"]
#: OpenVINO's CPU plugin's name for the mark of an operation whose precision may be lowered anywhere in the graph.
MAY_BE_ROUNDED = "enforceBF16evenForGraphTail"

#: OpenVINO's binding initialises its numpy support at first use: two threads doing so at once would deadlock.
_first_use = threading.Lock()


class _OnCpu:
    """What both have in common: arrays in, arrays out."""

    name: str
    budget_tokens = BUDGET_TOKENS
    texts_at_once = TEXTS_AT_ONCE
    pad_to_tokens = 1

    def __init__(self, *, pad_id: int, queries: bool) -> None:
        self._pad_id = pad_id
        self.lanes = 1 if queries else threads_to_use()

    def enter_lane(self) -> None:
        """Each lane already has its own threads."""

    def compute(self, tokens: Sequence[TokenIds]) -> FloatArray:
        ids, mask = padded(tokens, pad_id=self._pad_id, multiple=self.pad_to_tokens)
        return self._run(ids, mask)

    def _run(self, ids: Any, mask: Any) -> FloatArray:
        raise NotImplementedError

    def join(self, outputs: Sequence[FloatArray]) -> FloatArray:
        return np.concatenate(outputs)

    def fetch(self, output: FloatArray) -> FloatArray:
        return output


class OpenVino(_OnCpu):
    """Intel's runtime, in bfloat16 if the CPU has it (https://docs.openvino.ai)."""

    name = "openvino"
    # A batch of a different shape from the last one costs an extra millisecond, half of what a query otherwise takes.
    pad_to_tokens = 16

    def __init__(self, model: Path, *, pad_id: int, queries: bool) -> None:
        super().__init__(pad_id=pad_id, queries=queries)
        import openvino

        core = openvino.Core()
        native = "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        graph = core.read_model(model)
        if native:
            _let_round(graph)
        compiled = core.compile_model(
            graph,
            "CPU",
            {
                "NUM_STREAMS": self.lanes,
                "INFERENCE_NUM_THREADS": self.lanes,
                "INFERENCE_PRECISION_HINT": "bf16" if native else "f32",
                # With pinning, all processes would be bound to the first core.
                "ENABLE_CPU_PINNING": False,
            },
        )
        self._idle: SimpleQueue[Any] = SimpleQueue()
        for _ in range(self.lanes):
            self._idle.put(compiled.create_infer_request())
        with _first_use:
            self.compute([[pad_id]])

    def _run(self, ids: Any, mask: Any) -> FloatArray:
        request = self._idle.get()
        try:
            request.infer([ids, mask], share_inputs=True)
            return np.array(request.get_output_tensor(0).data, dtype=np.float32)
        finally:
            self._idle.put(request)


def _let_round(graph: Any) -> None:
    """Let OpenVINO compute in bfloat16 everything that feeds into a matrix product.

    By default it keeps in float32 whatever reaches the output other than through matrix products, which is meant for
    the end of a graph: because of the residual connections that is nearly every sum and normalisation, a tenth of all
    time.
    """
    within: set[str] = set()
    for operation in reversed(graph.get_ordered_ops()):
        users = [use.get_node() for output in operation.outputs() for use in output.get_target_inputs()]
        if any(user.get_type_name() == "MatMul" or user.get_name() in within for user in users):
            within.add(operation.get_name())
            operation.set_rt_info(True, MAY_BE_ROUNDED)


class OnnxRuntime(_OnCpu):
    """Microsoft's runtime, in float32 or, for queries, with 8-bit weights (https://onnxruntime.ai)."""

    def __init__(self, model: Path, *, pad_id: int, queries: bool, name: str = "onnxruntime") -> None:
        super().__init__(pad_id=pad_id, queries=queries)
        self.name = name
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(model), options, providers=["CPUExecutionProvider"], disabled_optimizers=SLOWER_THAN_ITS_PARTS
        )

    def _run(self, ids: Any, mask: Any) -> FloatArray:
        (vectors,) = self._session.run(None, {"input_ids": ids, "attention_mask": mask})
        return np.asarray(vectors, dtype=np.float32)


#: 8-bit weights are for queries only, which spend most of their time reading weights.
TORCH = "torch"
INT8 = "onnxruntime-int8"
RUNTIMES: dict[str, type[OpenVino] | type[OnnxRuntime]] = {"openvino": OpenVino, "onnxruntime": OnnxRuntime}


def installed_runtimes() -> list[str]:
    """The names of those whose package is installed; each of the packages is optional."""
    return [name for name in RUNTIMES if importlib.util.find_spec(name) is not None]
