"""What must hold of the catalog and no constraint can say."""

from crosslane.verify import Rule

BUNDLES_OF_SINGLES = """
select 'variant:' || outer_part.bundle_id as subject,
       format('has the component %s, which is a bundle itself', outer_part.component_id) as detail
from catalog_component outer_part
where exists (
    select 1 from catalog_component inner_part
    where inner_part.bundle_id = outer_part.component_id
)
"""

CATEGORIES_WITHOUT_CIRCLE = """
with recursive climb as (
    select id as start, parent_id, 1 as steps from catalog_category
    union all
    select climb.start, c.parent_id, climb.steps + 1
    from climb join catalog_category c on c.id = climb.parent_id
    where climb.steps < 20
)
select 'category:' || start as subject,
       format('lies %s levels deep', max(steps)) as detail
from climb group by start having max(steps) > 8
"""

GTIN_CHECK_DIGITS = """
select 'barcode:' || b.barcode as subject, 'is kept as a GTIN but is none' as detail
from catalog_barcode b
where b.kind = 'gtin' and (b.barcode !~ '^[0-9]{14}$' or 0 <> (
    select sum(substr(b.barcode, place, 1)::int * case when place % 2 = 1 then 3 else 1 end) % 10
    from generate_series(1, 14) as place
))
"""

TEXT_OWNERS = """
select 'text:' || t.owner_id as subject,
       format('%s text %s has no owner', t.owner_kind, t.field) as detail
from catalog_text t
left join catalog_product p on p.id = t.owner_id and t.owner_kind = 'product'
left join catalog_variant v on v.id = t.owner_id and t.owner_kind = 'variant'
left join catalog_category c on c.id = t.owner_id and t.owner_kind = 'category'
where p.id is null and v.id is null and c.id is null
"""

PICTURE_OWNERS = """
select 'picture:' || pic.id as subject, format('is of a %s that is not there', pic.owner_kind)
    as detail
from catalog_picture pic
left join catalog_product p on p.id = pic.owner_id and pic.owner_kind = 'product'
left join catalog_variant v on v.id = pic.owner_id and pic.owner_kind = 'variant'
where p.id is null and v.id is null
"""

PICTURE_FILES = """
select 'file:' || f.digest as subject,
       case when f.digest <> left(encode(sha256(f.content), 'hex'), 32)
           then 'is named by another content' else 'is of no picture' end as detail
from catalog_picture_file f
where f.digest <> left(encode(sha256(f.content), 'hex'), 32)
   or not exists (select from catalog_picture p where p.shown = f.digest)
  and not exists (select from catalog_picture p where p.thumb = f.digest)
"""

RULES = [
    Rule("catalog.bundles_are_made_of_single_variants", BUNDLES_OF_SINGLES),
    Rule("catalog.categories_have_no_circle", CATEGORIES_WITHOUT_CIRCLE),
    Rule("catalog.gtins_have_right_check_digits", GTIN_CHECK_DIGITS),
    Rule("catalog.texts_have_owners", TEXT_OWNERS),
    Rule("catalog.pictures_have_owners", PICTURE_OWNERS),
    Rule("catalog.picture_files_are_named_by_their_content", PICTURE_FILES),
]
