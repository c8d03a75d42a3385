"""The ope kernel's statistics and gamma function by numpy and mpmath: columns as raw doubles on disk, answers as JSON."""
import json
import sys
import time
import types

# mpmath comes without numpy.
if sys.argv[1] not in ("gammas", "functions"):
    import numpy as np


def nine(pe, pl, r, ql, qp):
    """The nine statistics of one pass: IPS, SNIPS, clipped IPS, DM, DR, two variances, largest weight, effective rows."""
    w = pe / pl
    wr = w * r
    dr = qp + w * (r - ql)
    return [wr.mean(), wr.sum() / w.sum(), (np.minimum(w, 10) * r).mean(), qp.mean(), dr.mean(), wr.var(ddof=1), dr.var(ddof=1), w.max(), w.sum() ** 2 / (w * w).sum()]


def statistics(folder, runs):
    columns = [np.fromfile(f"{folder}/{name}.f64") for name in ("p_eval", "p_log", "reward", "q_logged", "q_pi")]
    times = []
    for _ in range(runs):
        start = time.process_time()
        answer = nine(*columns)
        times.append((time.process_time() - start) * 1000)
    return {"answer": answer, "cpu_ms": min(times)}


def resamples(folder, runs):
    top = np.fromfile(f"{folder}/reward.f64")[:100_000]
    generator = np.random.default_rng(1)
    start = time.process_time()
    for _ in range(runs):
        top[generator.integers(0, top.size, top.size)].mean()
    return {"cpu_ms": (time.process_time() - start) * 1000}


def sequence(folder, rows):
    from estimators.bandits.cs import IntervalImpl
    columns = [np.fromfile(f"{folder}/{name}.f64")[:rows] for name in ("p_eval", "p_log", "reward")]
    interval = IntervalImpl(0, 1)
    start = time.process_time()
    for pe, pl, r in zip(*columns):
        interval.add(w=pe / pl, r=r, p_drop=0, n_drop=None)
    cpu_ms = (time.process_time() - start) * 1000
    return {"cpu_ms": cpu_ms, "interval": [float(end) for end in interval.get(0.05)]}


class Absent(types.ModuleType):
    """Stands for a module that is imported and not used: any class or part of it that is asked for."""
    __path__ = []

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {}) if name[0].isupper() else Absent(name)


def obp(folder, runs):
    """IPS, SNIPS and DR as OBP makes them, whose DR wants a model of every action: here 5, of which the logged one is first, and the others are what makes the policy's value that of our column."""
    # Imported for learners and pictures, of which nothing is called here.
    for name in ("torch", "torch.nn", "torch.nn.functional", "torch.optim", "torch.utils", "torch.utils.data", "matplotlib", "matplotlib.pyplot", "seaborn"):
        sys.modules.setdefault(name, Absent(name))
    from obp.ope import DoublyRobust, InverseProbabilityWeighting, SelfNormalizedInverseProbabilityWeighting
    pe, pl, r, ql, qp = [np.fromfile(f"{folder}/{name}.f64") for name in ("p_eval", "p_log", "reward", "q_logged", "q_pi")]
    action = np.zeros(r.size, dtype=int)
    dist = np.repeat(((1 - pe) / 4)[:, None, None], 5, axis=1)
    dist[:, 0, 0] = pe
    q = np.repeat(((qp - pe * ql) / (1 - pe))[:, None, None], 5, axis=1)
    q[:, 0, 0] = ql
    common = {"reward": r, "action": action, "pscore": pl, "action_dist": dist}
    asked = {"IPS": (InverseProbabilityWeighting(), {}), "SNIPS": (SelfNormalizedInverseProbabilityWeighting(), {}), "DR": (DoublyRobust(), {"estimated_rewards_by_reg_model": q})}
    out = {}
    for name, (estimator, more) in asked.items():
        times = []
        for _ in range(runs):
            start = time.process_time()
            answer = estimator.estimate_policy_value(**common, **more)
            times.append((time.process_time() - start) * 1000)
        out[name] = {"cpu_ms": min(times), "answer": [answer]}
    return out


def gammas(points):
    """Log of the lower incomplete gamma function: a series of positive terms, or what a continued fraction leaves, with 32 digits."""
    import mpmath as mp
    mp.mp.dps = 32
    out = []
    for a, x in points:
        a, x = mp.mpf(a), mp.mpf(x)
        if x > a * mp.mpf("1.2") + 200:
            rest = mp.mpf(0)
            for k in range(600, 0, -1):
                rest = k * (a - k) / (x + 2 * k + 1 - a + rest)
            out.append(float(mp.loggamma(a) + mp.log1p(-mp.exp(a * mp.log(x) - x - mp.loggamma(a)) / (x + 1 - a + rest))))
            continue
        term = total = 1 / a
        n = a
        while term > total * mp.mpf(10) ** -24:
            n += 1
            term *= x / n
            total += term
        out.append(float(a * mp.log(x) - x + mp.log(total)))
    return out


def functions(points):
    """Logarithm, exponential and log of the gamma function, with 40 digits."""
    import mpmath as mp
    mp.mp.dps = 40
    made = {"ln": mp.log, "exp": mp.exp, "gammaLn": mp.loggamma}
    return [float(made[name](mp.mpf(x))) for name, x in points]


what, *rest = sys.argv[1:]
asked = {"statistics": lambda: statistics(rest[0], int(rest[1])), "resamples": lambda: resamples(rest[0], int(rest[1])), "sequence": lambda: sequence(rest[0], int(rest[1])), "obp": lambda: obp(rest[0], int(rest[1])), "gammas": lambda: gammas(json.load(sys.stdin)), "functions": lambda: functions(json.load(sys.stdin))}
json.dump(asked[what](), sys.stdout)
