"""The embedded Postgres and Redis (stack.py) and the processes of `kapok dev` (supervisor.py).

Nothing that is started here outlives the process that started it (guard.py).
"""
