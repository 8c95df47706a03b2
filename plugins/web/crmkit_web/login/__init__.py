"""Who asks: tokens, log-ins, and the actor that a request acts as."""
