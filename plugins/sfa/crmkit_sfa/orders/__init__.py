"""Orders: what customers have bought, from quotations or by themselves, how it was amended and what was cancelled."""
