"""Categories: a tree of codes. Products hang on its nodes, policies are set on them."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

import msgspec

from crosslane.catalog.errors import CategoryCircle, CategoryTooDeep, UnknownCategory

CATEGORY_LEVELS_MAX = 8


class Category(msgspec.Struct, frozen=True):
    """A node of the tree.

    Args:
        id: identifier.
        code: what people and policies call it; never changes, also when it is moved.
        name: in no particular language.
        parent: code of the category it lies in, None at the top.
    """

    id: UUID
    code: str
    name: str
    parent: str | None = None


class CategoryTree:
    """All categories of a tenant."""

    def __init__(self, categories: Iterable[Category] = ()) -> None:
        self.by_code: Mapping[str, Category] = {category.code: category for category in categories}
        self._by_id = {category.id: category for category in self.by_code.values()}
        self._paths = {code: self._walk(code) for code in self.by_code}

    def category(self, code: str, *, pointer: str = "") -> Category:
        """Return the category with a code, or raise UnknownCategory."""
        if (found := self.by_code.get(code)) is None:
            raise UnknownCategory(pointer=pointer, code=code[:60])
        return found

    def by_id(self, category_id: UUID) -> Category:
        """Return a category that a row names."""
        return self._by_id[category_id]

    def path(self, code: str) -> tuple[str, ...]:
        """Return the codes from the root to a category, itself included."""
        return self._paths[code]

    def ordered(self) -> list[Category]:
        """Return every category below its parent, those of one parent by name."""
        named = {code: one.name.lower() for code, one in self.by_code.items()}
        return sorted(
            self.by_code.values(),
            key=lambda one: [(named[code], code) for code in self._paths[one.code]],
        )

    def below(self, code: str) -> list[Category]:
        """Return a category and everything inside it."""
        return [c for c in self.by_code.values() if code in self._paths[c.code]]

    def _walk(self, code: str) -> tuple[str, ...]:
        path = [code]
        while (parent := self.by_code[path[-1]].parent) is not None:
            if parent in path:
                raise CategoryCircle(pointer="/categories", code=code)
            path.append(parent)
        return tuple(reversed(path))


def grown(tree: CategoryTree, wishes: Sequence[Category]) -> CategoryTree:
    """Return the tree with categories added, renamed or moved.

    Args:
        tree: as it is.
        wishes: in any order; a parent may be among them.

    Raises:
        UnknownCategory: a parent exists nowhere.
        CategoryCircle: a category would lie inside itself.
        CategoryTooDeep: a path would be longer than CATEGORY_LEVELS_MAX.
    """
    nodes = {**tree.by_code, **{category.code: category for category in wishes}}
    for place, wish in enumerate(wishes):
        if wish.parent is not None and wish.parent not in nodes:
            raise UnknownCategory(pointer=f"/categories/{place}/parent", code=wish.parent)
    changed = CategoryTree(nodes.values())
    for code in nodes:
        if len(changed.path(code)) > CATEGORY_LEVELS_MAX:
            raise CategoryTooDeep(pointer="/categories", most=CATEGORY_LEVELS_MAX, code=code)
    return changed
