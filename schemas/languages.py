"""The languages that texts are read in, that the taxonomy has names in, and that sample shops speak."""

LANGUAGES = ("en", "ja", "ru")
