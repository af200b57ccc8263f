"""Screens, one package per persona: pages and templates that stand on the modules' front doors."""
