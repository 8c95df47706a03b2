"""Work in the background: a port of four verbs - enqueue in my transaction, step, transactional step, schedule.

What there is to do stands in our own tables (``enqueueing``, ``schedules``), so that it is written with whatever asks for
it; ``executing`` and ``steps`` do it. Two things run it: DBOS, with workers that may die (``worker``, ``engine``), and,
for tests, one call that runs all that is due (``synchronous``).
"""
