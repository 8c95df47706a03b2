"""Documents of quotations: what they say, and how that becomes HTML and PDF, in English and Chinese."""
