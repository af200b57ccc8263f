"""What the catalog refuses."""

from crosslane.kernel import Conflict, Invalid, NotFound


class BadSku(Invalid):
    """{sku} is not a SKU: 1 to 64 printable ASCII characters without blanks at the ends."""


class BadGtin(Invalid):
    """{gtin} is not a GTIN of 8, 12, 13 or 14 digits with a right check digit."""


class BadBarcode(Invalid):
    """{barcode} is not a barcode: 1 to 48 printable ASCII characters."""


class BadTaxClass(Invalid):
    """{tax_class} is not a tax class: small letters, digits and dashes, at most 40."""


class BadTextField(Invalid):
    """{field} is not a name of a text: small letters and underscores, at most 40."""


class TextTooLong(Invalid):
    """The {field} is longer than {most} characters."""


class MeasureOutOfRange(Invalid):
    """{measure} must be between 0 and {most}, not {value}."""


class SkuTwice(Invalid):
    """Row {row} has the SKU {sku} already (SKUs are compared ignoring case)."""


class CategoryTwice(Invalid):
    """The product {product} is put into another category by row {row}."""


class BarcodeTaken(Conflict):
    """The barcode {barcode} belongs to {sku}."""


class BarcodeTwice(Invalid):
    """The barcode {barcode} is given twice, for {units} and for {more} units; a GTIN is one."""


class ComponentOfItself(Invalid):
    """{sku} cannot be a component of itself."""


class ComponentTwice(Invalid):
    """The component {sku} is listed twice; give it a higher quantity instead."""


class TooManyComponents(Invalid):
    """A bundle has at most {most} components."""


class UnknownComponent(Invalid):
    """The component {sku} does not exist, or its own row is refused."""


class BundleInBundle(Invalid):
    """{sku} is a bundle itself; bundles are made of single variants only."""


class HazardousBundle(Invalid):
    """{sku} is a bundle: mark those of its components that are dangerous goods."""


class ComponentElsewhere(Conflict):
    """{sku} is a component of {bundle}, so it cannot become a bundle."""


class TooManyVariants(Invalid):
    """The product {product} would have more than {most} variants."""


class UnknownCategory(NotFound):
    """There is no category with the code {code}."""


class CategoryCircle(Invalid):
    """{code} would lie inside itself."""


class CategoryTooDeep(Invalid):
    """Categories are at most {most} levels deep."""


class UnknownProduct(NotFound):
    """There is no product with the code {code}."""


class UnknownSku(NotFound):
    """There is no variant with the SKU {sku}."""


class UnknownBarcode(NotFound):
    """No variant has the barcode {barcode}."""


class RowOfAnotherProduct(Invalid):
    """{sku} is not a variant of the product that is edited."""


class BadPicture(Invalid):
    """This is no picture that can be shown: JPEG, PNG, WebP or GIF."""


class PictureFileTooLarge(Invalid):
    """A file of a picture has at most {most_bytes} bytes."""


class PictureTooLarge(Invalid):
    """A picture has at most {most} pixels, not {pixels}."""


class BadPictureAddress(Invalid):
    """A picture comes from an http or https address of at most {most} signs, with no password."""


class PictureWithoutContent(Invalid):
    """A picture needs either its content or an address to fetch it from."""


class TooManyPictures(Invalid):
    """{code} would have more than {most} pictures."""


class NoSuchPicture(NotFound):
    """There is no picture {id}."""
