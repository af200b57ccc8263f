"""The pure rules of pricing: taxes, price lists, promotions, shipping prices and the cart."""
