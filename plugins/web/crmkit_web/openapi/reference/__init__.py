"""The reference: the OpenAPI document as a page for people, with nothing from elsewhere and no need of a script."""
