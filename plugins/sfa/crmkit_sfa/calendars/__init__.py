"""Calendars: activities as iCalendar (RFC 5545), out and in."""
