"""What a retailer decides about abuse of returns, as policy.

Every figure has its reason beside it. None of them says that somebody cheats: it says from where
on a person should look before money is given back.
"""

from typing import Annotated

import msgspec

from crosslane.organization import PolicyKind

SCORE_MAX = 1_000
DAYS_MAX = 730
COUNT_MAX = 1_000
MINOR_MAX = 10**9

Points = Annotated[int, msgspec.Meta(ge=0, le=SCORE_MAX)]
Days = Annotated[int, msgspec.Meta(ge=1, le=DAYS_MAX)]
Count = Annotated[int, msgspec.Meta(ge=0, le=COUNT_MAX)]
Share = Annotated[int, msgspec.Meta(ge=0, le=10_000)]
Minor = Annotated[int, msgspec.Meta(ge=0, le=MINOR_MAX)]


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What every kind of abuse has.

    Args:
        hold_at: score from which a return waits for a person; one strong reason alone, or two
            that each could be chance.
        held: whether it waits; a finding is kept in any case.
        exempt_minor: a return of less, in minor units of its currency, is never held: looking
            costs more than it may save.
        trust_days: for so long nobody is held again for what a person has cleared.
    """

    hold_at: Points = 100
    held: bool = True
    exempt_minor: Minor = 2_000
    trust_days: Annotated[int, msgspec.Meta(ge=0, le=DAYS_MAX)] = 90


class SerialReturner(Limits, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who buys to bring back.

    Args:
        window_days: how far back it looks: a year, so that January weighs as much as July.
        grace_days: what was bought later and has not come back at all says nothing yet.
        returns_min: fewer are chance, whatever their share.
        share_bp: part of what was bought, by worth, that comes back. Who orders four sizes and
            keeps one returns three quarters; more trying on does not explain.
        share_points: when everything comes back; in proportion between ``share_bp`` and that.
        whole_bp: part of the returns after which nothing of the receipt is kept. Half of them
            happens to those who order one thing at a time.
        whole_points: when nothing was ever kept; in proportion from ``whole_bp``.
        often: returns in the window that are usual: two a quarter. So that four fifths of much
            weigh more than four fifths of little.
        often_points: for each beyond; at most ``often_most``.
    """

    window_days: Days = 365
    grace_days: Days = 14
    returns_min: Count = 6
    share_bp: Share = 7_500
    share_points: Points = 80
    whole_bp: Share = 5_000
    whole_points: Points = 60
    often: Count = 8
    often_points: Points = 5
    often_most: Points = 40


class Wardrobing(Limits, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who wears and brings back.

    Args:
        window_days: how far back it looks: a year has all of its occasions.
        worn_points: the goods come back worn, and were not faulty. Happens to anybody once.
        before_points: for each earlier time; at most ``before_most``. Twice may be bad luck, so
            that the third time counts up to the score.
        worn_bp: less than this part of the person's returns is what all customers do.
        weekend_days: longest time between buying and bringing back that looks like one occasion.
        weekend_points: for each worn return that spans one weekend or more within that time; at
            most ``weekend_most``.
    """

    window_days: Days = 365
    worn_points: Points = 40
    before_points: Points = 25
    before_most: Points = 75
    worn_bp: Share = 2_000
    weekend_days: Days = 10
    weekend_points: Points = 10
    weekend_most: Points = 30


class ReceiptReuse(Limits, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One receipt for more goods than it was given for.

    Args:
        window_days: how long receipts are remembered.
        beyond_points: more units came back than were sold. No honest way leads there.
        again_points: for each earlier return of the same article on a receipt that nobody here
            can look up; at most ``again_most``. One may be the second of two.
        place_points: for each other location that took goods of the receipt back; at most
            ``place_most``. Presents of one receipt do come back in several towns.
        person_points: likewise for each other person; at most ``person_most``.
        cash_points: cash is wanted for what was not paid in cash.
    """

    window_days: Days = 730
    beyond_points: Points = 100
    again_points: Points = 60
    again_most: Points = 100
    place_points: Points = 15
    place_most: Points = 30
    person_points: Points = 15
    person_most: Points = 30
    cash_points: Points = 20


class StaffLoop(Limits, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Staff who sell to each other and take back.

    A return is hollow when it gives cash within days for a sale that no known customer made, or
    one of the staff: it needs no goods and no stranger.

    Args:
        window_days: how far back it looks: a quarter, since people change places.
        hollow_days: longest time between such a sale and its return.
        hollow_points: this return is hollow.
        pair_points: for each earlier hollow return between the same two (seller and taker, either
            way round) beyond what chance explains; at most ``pair_most``.
        chance_bp: part of what one takes back of the other's sales that is hollow by chance.
        own_points: somebody takes back what they had bought themselves: hardly any house allows
            that.
        sold_points: and had rung it up themselves.
        both_points: hollow returns went both ways.
    """

    window_days: Days = 90
    hollow_days: Days = 3
    hollow_points: Points = 25
    pair_points: Points = 25
    pair_most: Points = 100
    chance_bp: Share = 1_000
    own_points: Points = 60
    sold_points: Points = 20
    both_points: Points = 20


class CreditFarming(Limits, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Returns made up for the credit that a store gets for handling them.

    Only returns count that bring their store a credit.

    Args:
        window_days: how far back it looks: a month, as caps of credits are made up.
        split_after: visits with goods of one receipt that are usual.
        split_points: for each visit beyond; at most ``split_most``.
        customer_after: returns of one person to one store that are usual in the window: one a
            week. Bracket shoppers come as often.
        customer_points: for each beyond; at most ``customer_most``.
        hands_after: of those, how many may meet the same member of staff.
        hands_points: for each beyond; at most ``hands_most``.
        turn_days: goods that come back within so many days were hardly looked at.
        turn_points: for each such return of the person beyond ``customer_after``, at most
            ``turn_most``.
        few_bp: part of the store's credited returns that one person may bring.
        few_min: fewer credited returns of a store tell nothing of shares.
        few_points: one person brings more.
    """

    exempt_minor: Minor = 0
    window_days: Days = 30
    split_after: Count = 2
    split_points: Points = 30
    split_most: Points = 90
    customer_after: Count = 4
    customer_points: Points = 20
    customer_most: Points = 80
    hands_after: Count = 3
    hands_points: Points = 10
    hands_most: Points = 40
    turn_days: Days = 2
    turn_points: Points = 10
    turn_most: Points = 40
    few_bp: Share = 3_000
    few_min: Count = 10
    few_points: Points = 30


class Abuse(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which returns wait for a person.

    Args:
        serial_returner: who buys to bring back.
        wardrobing: who wears and brings back.
        receipt_reuse: one receipt for more goods than it was given for.
        staff_loop: staff who sell to each other and take back.
        credit_farming: returns made up for a store's handling credit.
        card_people_max: a card that more customers use tells nobody apart; a household uses
            fewer.
    """

    serial_returner: SerialReturner = SerialReturner()
    wardrobing: Wardrobing = Wardrobing()
    receipt_reuse: ReceiptReuse = ReceiptReuse()
    staff_loop: StaffLoop = StaffLoop()
    credit_farming: CreditFarming = CreditFarming()
    card_people_max: Count = 25

    @property
    def person_days(self) -> int:
        """How far back the returns of a person matter."""
        rules = (self.serial_returner, self.wardrobing, self.credit_farming)
        return max(rule.window_days for rule in rules)


ABUSE = PolicyKind("returns.abuse", Abuse, Abuse(), scopes=("channel", "brand", "tenant"))
