"""Surveys: questions that customers are asked, what they answer, and what it amounts to."""
