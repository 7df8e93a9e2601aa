"""Reference (レファレンス): questions, investigation, answers, and cases published without personal data."""
