"""All SQL of pricing: the terms kept in memory, the price rows, the coupons."""
