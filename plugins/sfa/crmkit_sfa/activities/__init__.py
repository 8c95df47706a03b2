"""Activities: tasks, calls, meetings and visits, once or repeated, with participants, reminders and routes."""
