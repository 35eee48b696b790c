"""Bundles of trained models: made, opened, and proved before they predict."""
