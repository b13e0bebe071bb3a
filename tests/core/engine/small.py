"""A model, requests and runs that are small enough for a test."""

import torch

from memory_app.core.engine.core import Engine
from memory_app.core.engine.model_runner import ModelRunner
from memory_app.core.engine.request import Request
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.model import LanguageModel
from memory_app.core.model.state import State
from memory_app.core.sampling.settings import Sampling

USER, BOT, END = 0, 1, 2


def make_model(seed=0, *, scale=3.0, **sizes):
    """A random model whose gates saturate and whose logits spread as those of a trained one do."""
    sizes = {"vocab_size": 97, "embedding_dim": 16, "hidden_size": 32, "num_layers": 2} | sizes
    torch.manual_seed(seed)
    model = LanguageModel(ModelConfig(**sizes)).eval().requires_grad_(False)
    with torch.no_grad():
        if model.config.kind.serves_chats:
            for parameter in model.layers.parameters():
                parameter.mul_(scale)
        model.embedding.weight.normal_()
        model.head.weight.normal_()
        if model.config.tied:
            model.head.weight = model.embedding.weight
        model.head.bias.normal_()
        model.head.bias[END] = -20.0  # a reply ends only where a test wants it to
    return model


def make_engine(model, dtype=torch.float32, **options):
    return Engine(ModelRunner(model, dtype), end_id=END, banned=(USER, BOT), **options)


def make_request(model, number=0, length=6, state=None, **settings):
    """Request `number`, with a prompt and a state of its own."""
    generator = torch.Generator().manual_seed(number)
    user = torch.randint(3, model.config.vocab_size, (length,), generator=generator).tolist()
    if state is None:
        shape = (model.config.num_layers, 1, model.config.hidden_size)
        state = State.of_parts(
            h=torch.rand(shape, generator=generator) - 0.5,
            c=torch.randn(shape, generator=generator),
        )
    sampling = Sampling(**{"seed": number, "max_tokens": 20, **settings})
    return Request(number, [USER, *user, END, BOT], state, sampling)


def run(engine, requests, steps=10_000):
    """Step until nobody is left: the outputs of each step."""
    for request in requests:
        engine.add(request)
    outputs = []
    while engine.has_work:
        outputs.append(engine.step())
        assert len(outputs) < steps
    return outputs


def events_of(outputs, request):
    return [
        output.event
        for step in outputs
        for output in step
        if output.request is request and output.event is not None
    ]
