"""The pipelines that ship inside the package, and the spaCy component that runs them."""
