"""Editing definitions: scenarios as forms and as YAML, cases as tables; what is written is the workspace's file."""
