"""Prints the page of what is supported."""

from tests.oracle import support, support_deep

if __name__ == "__main__":
    deep = support_deep.HEAD + support_deep.by_loss()
    print(support.page() + deep + support_deep.TORCH + support_deep.modules(), end="")
