#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes traces/*.json: small models trained by PyTorch (Debian's python3-torch), every step's loss
and the weights before and after, for test_trace.c to follow number by number.

    /usr/bin/python3 tests/train/make_traces.py     # from the source folder

Everything is computed in double precision and written with nine digits, so that what differs is
Rankine's.
"""
import json
import pathlib
import torch
from torch import nn
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
STEPS, BATCH = 10, 8
FOLDER = pathlib.Path(__file__).parent / "traces"


def numbers(tensor):
    return [float(f"{v:.9g}") for v in tensor.detach().double().flatten().tolist()]


def rounded(module, scale=0.3):
    """Weights that fp32 holds exactly enough: both sides start from the same digits."""
    for p in module.parameters():
        p.data = torch.tensor(numbers(torch.randn(p.shape) * scale)).reshape(p.shape)


def write(name, model, features, optimizer_set, set_, module, names, batches, loss_of, optimizer,
          history=0, cut=None):
    """cut: rows of a table that are written; PyTorch's others stand for "none"."""
    def rows(n, p):
        return numbers(p[:cut[n]] if cut and n in cut else p)

    before = {names[n]: rows(n, p) for n, p in module.named_parameters()}
    shapes = {names[n]: list(p.shape) for n, p in module.named_parameters()}
    losses = []
    for batch in batches:
        optimizer.zero_grad()
        loss = loss_of(batch)
        loss.backward()
        optimizer.step()
        losses.append(float(f"{loss.item():.9g}"))
    after = {names[n]: rows(n, p) for n, p in module.named_parameters()}
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{name}.json").write_text(
        json.dumps({"made_by": f"PyTorch {torch.__version__}, make_traces.py", "model": model,
                    "features": features, "model_set": set_, "train_set": optimizer_set,
                    "batch": BATCH, "history": history, "shapes": shapes,
                    "before": before, "inputs": [{k: v.flatten().tolist() for k, v in b.items()}
                                                 for b in batches],
                    "losses": losses, "after": after}, indent=None, separators=(",", ":")) + "\n")
    print(name, losses[0], "->", losses[-1])


USERS, ITEMS, DIM = 7, 9, 4
PAIR = [{"name": "user", "kind": "code", "rows": USERS}, {"name": "item", "kind": "code", "rows": ITEMS}]


class Dot(nn.Module):
    """No biases: BPR's gradient of a user's bias is zero but for rounding, which Adam blows up."""

    def __init__(self):
        super().__init__()
        self.user = nn.Embedding(USERS, DIM)
        self.item = nn.Embedding(ITEMS, DIM)

    def forward(self, user, items):
        return (self.user(user).unsqueeze(1) * self.item(items)).sum(-1)


class Mf(nn.Module):
    def __init__(self):
        super().__init__()
        self.user = nn.Embedding(USERS, DIM)
        self.item = nn.Embedding(ITEMS, DIM)
        self.user_bias = nn.Embedding(USERS, 1)
        self.item_bias = nn.Embedding(ITEMS, 1)
        self.mean = nn.Parameter(torch.zeros(1))

    def forward(self, user, item):
        dot = (self.user(user) * self.item(item)).sum(-1)
        return dot + self.user_bias(user).squeeze(-1) + self.item_bias(item).squeeze(-1) + self.mean


MF_NAMES = {"user.weight": "user.weight", "item.weight": "item.weight",
            "user_bias.weight": "user.bias", "item_bias.weight": "item.bias", "mean": "mean"}


def mf_mse():
    torch.manual_seed(1)
    m = Mf()
    rounded(m)
    batches = [{"user": torch.randint(USERS, (BATCH,)), "item": torch.randint(ITEMS, (BATCH,)),
                "label": torch.randint(1, 6, (BATCH,)).double()} for _ in range(STEPS)]
    optimizer = torch.optim.SGD(m.parameters(), lr=0.05, momentum=0.9, weight_decay=0.01)
    write("mf-mse-sgd", "mf", PAIR,
          {"loss": "mse", "optimizer": "sgd", "lr": "0.05", "momentum": "0.9", "l2": "0.01",
           "tables": "all"}, {"dim": str(DIM)}, m, MF_NAMES, batches,
          lambda b: F.mse_loss(m(b["user"], b["item"]), b["label"]), optimizer)


def mf_bpr():
    torch.manual_seed(2)
    m = Dot()
    rounded(m)
    n = 3
    batches = [{"user": torch.randint(USERS, (BATCH,)),
                "candidates": torch.randint(ITEMS, (BATCH, 1 + n))} for _ in range(STEPS)]

    def loss_of(b):
        s = m(b["user"], b["candidates"])
        return -F.logsigmoid(s[:, :1] - s[:, 1:]).mean()

    optimizer = torch.optim.Adam(m.parameters(), lr=0.02, betas=(0.9, 0.98))
    write("mf-bpr-adam", "mf", PAIR,
          {"loss": "bpr", "negatives.n": str(n), "optimizer": "adam", "lr": "0.02", "beta2": "0.98",
           "tables": "all"}, {"dim": str(DIM), "biases": "false"}, m,
          {n: n for n in ("user.weight", "item.weight")}, batches, loss_of, optimizer)


ROWS = {"a": 5, "b": 11, "tags": 6}
CAPACITY = 3


class Dlrm(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Embedding(ROWS["a"], DIM)
        self.b = nn.Embedding(ROWS["b"], DIM)
        self.tags = nn.EmbeddingBag(ROWS["tags"], DIM, mode="sum", include_last_offset=True)
        self.bottom = nn.ModuleList([nn.Linear(2, 6), nn.Linear(6, DIM)])
        self.top = nn.ModuleList([nn.Linear(DIM + 6, 5), nn.Linear(5, 1)])

    def forward(self, batch):
        x = torch.stack([batch["age"], batch["price"]], 1)
        for layer in self.bottom:
            x = torch.relu(layer(x))
        ends = batch["tags.ends"]
        offsets = torch.cat([torch.zeros(1, dtype=torch.long), ends])
        tags = self.tags(batch["tags"][:int(ends[-1])], offsets)
        z = torch.stack([x, self.a(batch["a"]), self.b(batch["b"]), tags], 1)
        dots = torch.bmm(z, z.transpose(1, 2))
        rows, cols = torch.tril_indices(4, 4, offset=-1)
        y = torch.cat([x, dots[:, rows, cols]], 1)
        y = torch.relu(self.top[0](y))
        return self.top[1](y).squeeze(-1)


def dlrm():
    torch.manual_seed(3)
    m = Dlrm()
    rounded(m, 0.5)
    features = [{"name": n, "kind": "number"} for n in ("age", "price")]
    features += [{"name": n, "kind": "code", "rows": ROWS[n]} for n in ("a", "b")]
    features += [{"name": "tags", "kind": "bag", "rows": ROWS["tags"], "capacity": CAPACITY}]
    names = {"a.weight": "embed.a", "b.weight": "embed.b", "tags.weight": "embed.tags"}
    for part in ("bottom", "top"):
        for i in range(2):
            for what in ("weight", "bias"):
                names[f"{part}.{i}.{what}"] = f"{part}.{i}.{what}"
    batches = []
    for _ in range(STEPS):
        ends = torch.randint(0, CAPACITY + 1, (BATCH,)).cumsum(0)
        batches.append({"age": torch.tensor(numbers(torch.randn(BATCH))),
                        "price": torch.tensor(numbers(torch.randn(BATCH))),
                        "a": torch.randint(ROWS["a"], (BATCH,)),
                        "b": torch.randint(ROWS["b"], (BATCH,)),
                        "tags": torch.randint(ROWS["tags"], (BATCH * CAPACITY,)),
                        "tags.ends": ends, "label": torch.randint(0, 2, (BATCH,)).double()})
    optimizer = torch.optim.Adagrad(m.parameters(), lr=0.05, eps=1e-10)
    write("dlrm-bce-adagrad", "dlrm", features,
          {"loss": "bce", "optimizer": "adagrad", "lr": "0.05", "eps": "1e-10"},
          {"dim": str(DIM), "bottom": "6", "top": "5"}, m, names, batches,
          lambda b: F.binary_cross_entropy_with_logits(m(b), b["label"]), optimizer)


LONGEST, HEADS, BLOCKS, NONE = 5, 2, 2, 2 ** 32 - 1


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention_norm = nn.LayerNorm(DIM, eps=1e-8)
        self.query, self.key, self.value = (nn.Linear(DIM, DIM) for _ in range(3))
        self.forward_norm = nn.LayerNorm(DIM, eps=1e-8)
        self.forward_0, self.forward_1 = nn.Linear(DIM, DIM), nn.Linear(DIM, DIM)

    def forward(self, x, there):
        batch = x.shape[0]
        q = self.attention_norm(x)
        heads = [p.reshape(batch, LONGEST, HEADS, DIM // HEADS).transpose(1, 2)
                 for p in (self.query(q), self.key(x), self.value(x))]
        scores = heads[0] @ heads[1].transpose(2, 3) / (DIM // HEADS) ** 0.5
        seen = torch.tril(torch.ones(LONGEST, LONGEST, dtype=torch.bool)) & there[:, None, None, :]
        weights = torch.softmax(scores.masked_fill(~seen, -1e30), -1)
        x = self.forward_norm(q + (weights @ heads[2]).transpose(1, 2).reshape(x.shape))
        x = x + self.forward_1(torch.relu(self.forward_0(x)))
        return x * there.unsqueeze(-1)


class SasRec(nn.Module):
    def __init__(self):
        super().__init__()
        self.item = nn.Embedding(ITEMS + 1, DIM, padding_idx=ITEMS)
        self.place = nn.Embedding(LONGEST, DIM)
        self.blocks = nn.ModuleList([Block() for _ in range(BLOCKS)])
        self.norm = nn.LayerNorm(DIM, eps=1e-8)

    def forward(self, history, items):
        there = history != NONE
        x = self.item(torch.where(there, history, ITEMS)) * DIM ** 0.5 + self.place.weight
        x = x * there.unsqueeze(-1)
        for block in self.blocks:
            x = block(x, there)
        items = torch.where(items == NONE, torch.tensor(ITEMS), items)
        return (self.norm(x).unsqueeze(2) * self.item(items)).sum(-1)


def sasrec():
    """Adam's eps is large: a key's bias has no gradient but rounding, which Adam blows up."""
    torch.manual_seed(4)
    m = SasRec()
    rounded(m)
    m.item.weight.data[ITEMS] = 0  # "no item", which Rankine has no row for
    batches = []
    for _ in range(STEPS):
        length = torch.randint(1, LONGEST + 1, (BATCH,))
        length[0] = LONGEST
        there = torch.arange(LONGEST) < length[:, None]
        history = torch.where(there, torch.randint(ITEMS, there.shape), torch.tensor(NONE))
        target = torch.where(there, torch.randint(ITEMS, there.shape), torch.tensor(NONE))
        others = torch.where(there, torch.randint(ITEMS, there.shape), torch.tensor(NONE))
        batches.append({"history": history, "history.length": length, "target": target,
                        "candidates": torch.stack([target, others], 2)})

    def loss_of(b):
        s = m(b["history"], b["candidates"])
        there = (b["target"] != NONE).double()
        each = F.softplus(-s[:, :, 0]) + F.softplus(s[:, :, 1])
        return (each * there).sum() / there.sum()

    names = {"item.weight": "item.weight", "place.weight": "place.weight", "norm.weight":
             "norm.weight", "norm.bias": "norm.bias"}
    for i in range(BLOCKS):
        for ours, theirs in (("attention.norm", "attention_norm"), ("query", "query"),
                             ("key", "key"), ("value", "value"), ("forward.norm", "forward_norm"),
                             ("forward.0", "forward_0"), ("forward.1", "forward_1")):
            for what in ("weight", "bias"):
                names[f"blocks.{i}.{theirs}.{what}"] = f"blocks.{i}.{ours}.{what}"
    optimizer = torch.optim.Adam(m.parameters(), lr=0.01, betas=(0.9, 0.98), eps=1e-3)
    write("sasrec-bce-adam", "sasrec", PAIR[1:],
          {"loss": "bce", "samples": "sequences", "negatives.n": "1", "optimizer": "adam",
           "lr": "0.01", "beta2": "0.98", "eps": "1e-3", "tables": "all", "dropout": "0"},
          {"dim": str(DIM), "heads": str(HEADS), "blocks": str(BLOCKS), "history": str(LONGEST)},
          m, names, batches, loss_of, optimizer, history=LONGEST, cut={"item.weight": ITEMS})


if __name__ == "__main__":
    sasrec()
    mf_mse()
    mf_bpr()
    dlrm()
