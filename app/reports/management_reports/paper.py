"""A version of a management report on paper."""


def pdf(*_a, **_k):
    raise NotImplementedError
