"""What the API is, told to programs and people: JSON Schemas, the OpenAPI document, and the reference page."""
