"""Vertical regression as FATE 1.x defines it, without the encryption: Taylor sigmoid, full or mini batches, L1/L2, its
optimizers and stopping rules. Source of the formulas: FATE's own description of HeteroLR and HeteroLinR."""

import math
import operator

OPTIMIZERS = ("sgd", "rmsprop", "adam", "adagrad", "nesterov_momentum_sgd")


class Stopped(Exception):
    """Somebody stopped the job."""


def dot(left, right):
    return sum(map(operator.mul, left, right))


class Fit:
    """``rows``: the features of all parties side by side, the guest's last; ``labels``: 0/1 (logistic) or numbers."""

    def __init__(self, rows, labels, parameters, logistic):
        self.logistic, self.parameters = logistic, parameters
        self.rows = [[*row, 1.0] for row in rows]  # the intercept is the last coefficient
        self.labels = [(1.0 if y == 1 else -1.0) for y in labels] if logistic else labels
        width = len(self.rows[0])
        self.weights = [0.0] * width if parameters["init"] == "zeros" else _start(width, parameters)
        self.losses, self.converged = [], False
        self._first, self._second, self._steps = [0.0] * width, [0.0] * width, 0

    def run(self, stopped=lambda: False, seen=lambda losses: None):
        done = self.parameters
        size = len(self.rows) if done["batch_size"] == -1 else done["batch_size"]
        for epoch in range(done["max_iter"]):
            if stopped():
                raise Stopped
            total, loss = [0.0] * len(self.weights), 0.0
            for start in range(0, len(self.rows), size):
                update, part = self._batch(epoch, start, size)
                self.weights = list(map(operator.sub, self.weights, update))
                total = list(map(operator.add, total, update))
                loss += part
            self.losses.append(loss)
            seen(self.losses)
            if self._ended(total):
                self.converged = True
                break
        return self

    def _batch(self, epoch, start, size):
        rows, labels = self.rows[start : start + size], self.labels[start : start + size]
        count, alpha, weights = len(rows), self.parameters["alpha"], self.weights
        scores = [dot(row, weights) for row in rows]
        if self.logistic:
            ahead = [0.25 * u - 0.5 * y for u, y in zip(scores, labels, strict=True)]
            loss = sum(-0.5 * y * u + 0.125 * u * u for u, y in zip(scores, labels, strict=True)) / len(self.rows)
            loss += math.log(2) * count / len(self.rows)
        else:
            ahead = [u - y for u, y in zip(scores, labels, strict=True)]
            loss = 0.5 * sum(d * d for d in ahead) / len(self.rows)
        gradient = [dot(column, ahead) / count for column in zip(*rows, strict=True)]
        if self.parameters["penalty"] == "L2":
            gradient = [g + alpha * w for g, w in zip(gradient[:-1], weights[:-1], strict=True)] + [gradient[-1]]
            loss += 0.5 * alpha * dot(weights[:-1], weights[:-1])
        return self._step(epoch, gradient), loss

    def _step(self, epoch, gradient):
        done = self.parameters
        slower = 1 + done["decay"] * epoch
        rate = done["learning_rate"] / (math.sqrt(slower) if done["decay_sqrt"] else slower)
        kind = done["optimizer"]
        self._steps += 1
        if kind == "sgd":
            return [rate * g for g in gradient]
        if kind == "nesterov_momentum_sgd":
            before = self._first
            self._first = [0.9 * v - rate * g for v, g in zip(before, gradient, strict=True)]
            return [0.9 * v - 1.9 * new for v, new in zip(before, self._first, strict=True)]
        if kind == "rmsprop":
            self._first = [0.99 * m + 0.01 * g * g for m, g in zip(self._first, gradient, strict=True)]
            return [rate * g / math.sqrt(m + 1e-6) for m, g in zip(self._first, gradient, strict=True)]
        if kind == "adagrad":
            self._first = [m + g * g for m, g in zip(self._first, gradient, strict=True)]
            return [rate * g / (math.sqrt(m) + 1e-7) for m, g in zip(self._first, gradient, strict=True)]
        self._first = [0.9 * m + 0.1 * g for m, g in zip(self._first, gradient, strict=True)]
        self._second = [0.999 * v + 0.001 * g * g for v, g in zip(self._second, gradient, strict=True)]
        bias, spread = 1 - 0.9**self._steps, 1 - 0.999**self._steps
        return [
            rate * (m / bias) / (math.sqrt(v / spread) + 1e-8) for m, v in zip(self._first, self._second, strict=True)
        ]

    def _ended(self, update):
        rule, tol, losses = self.parameters["early_stop"], self.parameters["tol"], self.losses
        if rule == "weight_diff":
            return math.sqrt(dot(update, update)) < tol
        if rule == "abs":
            return losses[-1] <= tol
        return len(losses) > 1 and abs(losses[-1] - losses[-2]) < tol


def _start(width, parameters):
    import random

    draw = random.Random(parameters.get("seed"))
    if parameters["init"] == "random_normal":
        return [draw.gauss(0, 1) for _ in range(width)]
    return [draw.random() for _ in range(width)]


def probability(score):
    return 1 / (1 + math.exp(-score)) if score > -700 else 0.0


def auc_and_ks(labels, scores):
    """The area under the ROC curve (ties count half), and the largest distance of the two rates at every hundredth of
    the rows, which is where FATE looks."""
    pairs = sorted(zip(scores, labels, strict=True), reverse=True)
    ones = sum(1 for y in labels if y == 1)
    zeros = len(labels) - ones
    if not ones or not zeros:
        return 0.5, 0.0
    area = hit = miss = 0.0
    place = 0
    while place < len(pairs):
        score, was = pairs[place][0], (hit, miss)
        while place < len(pairs) and pairs[place][0] == score:
            hit, miss = (hit + 1, miss) if pairs[place][1] == 1 else (hit, miss + 1)
            place += 1
        area += (miss - was[1]) * (was[0] + hit) / 2
    best = 0.0
    for cut in range(100):
        first = pairs[: cut * len(pairs) // 100]
        hit = sum(1 for _, y in first if y == 1)
        best = max(best, hit / ones - (len(first) - hit) / zeros)
    return area / ones / zeros, best


def regression_metrics(labels, scores):
    count = len(labels)
    off = [y - s for y, s in zip(labels, scores, strict=True)]
    mean = sum(labels) / count
    spread = sum((y - mean) ** 2 for y in labels) / count or 1.0
    square = sum(d * d for d in off) / count
    bias = sum(off) / count
    ordered = sorted(map(abs, off))
    median = (ordered[(count - 1) // 2] + ordered[count // 2]) / 2
    return {
        "explained_variance": 1 - (square - bias * bias) / spread,
        "mean_absolute_error": sum(ordered) / count,
        "mean_squared_error": square,
        "median_absolute_error": median,
        "r2_score": 1 - square / spread,
        "root_mean_squared_error": math.sqrt(square),
    }
