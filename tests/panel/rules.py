"""The panel's rules as examples: small tables that are tests and documentation at once (docs/panel_rules.md).

Each row of a table is one person. `on 1 Jan` and `next 1 Jan` are the municipality codes of the two dates the rule compares
(`-`: none), `status` and `next status` the population register's (code, and since when), `events` the migration events:
kind, day of the move, `reg` and the day of registration where it matters, from>to where it matters. `becomes` is the
disposition, followed by its date where it has one. What a table does not name is a native man born in 1980.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """A rule of design §5, the year it is shown in, and persons it decides."""

    section: str
    title: str
    year: int
    table: str
    outcome_rule: str = "year_end"


RULES = (
    Rule(
        "5.1",
        "Age is completed years on 1 January, whatever the month of birth; 25 to 64 are at risk",
        2016,
        """
        person         | born    | becomes            | age
        24 years       | 1991-01 | age_outside_window |
        25, January    | 1990-01 | stay               | 25
        25, December   | 1990-12 | stay               | 25
        64 years       | 1951-06 | stay               | 64
        65 years       | 1950-12 | age_outside_window |
        """,
    ),
    Rule(
        "5.1",
        "Resident: a municipality, and a status that is 1 or missing",
        2016,
        """
        person         | on 1 Jan | status       | becomes
        no status      | 0301     |              | stay
        resident       | 0301     | 1 2010-05-01 | stay
        emigrated      | 0301     | 3 2015-05-01 | not_resident
        dead           | 0301     | 5 2015-05-01 | not_resident
        only a date    | 0301     | - 2015-05-01 | stay
        """,
    ),
    Rule(
        "5.3",
        "Resident on both dates: the same municipality is a stay, another an internal move",
        2016,
        """
        person         | on 1 Jan | next 1 Jan | events                                             | becomes
        stays          | 0301     | 0301       |                                                    | stay
        moves          | 0301     | 1103       | internal_move 2016-04-01                           | internal_move 2016-04-01
        twice          | 0301     | 1103       | internal_move 2016-04-01, internal_move 2016-12-31 | internal_move 2016-12-31
        no event       | 0301     | 1103       |                                                    | internal_move
        older event    | 0301     | 1103       | internal_move 2015-12-31                           | internal_move
        there and back | 0301     | 0301       | internal_move 2016-04-01, internal_move 2016-09-01 | stay
        left, returned | 0301     | 0301       | emigration 2016-02-01, immigration 2016-11-01      | stay
        to Svalbard    | 0301     | 2111       | internal_move 2016-01-01                           | internal_move 2016-01-01
        to nowhere     | 0301     | 9999       | internal_move 2016-04-01                           | unknown_municipality
        to a new code  | 0301     | 3002       | internal_move 2016-04-01                           | unknown_municipality
        """,
    ),
    Rule(
        "5.3",
        "Not resident on the next 1 January: emigration by an event, by its registration, or by the status",
        2016,
        """
        person            | on 1 Jan | next 1 Jan | next status  | events                                         | becomes
        event             | 0301     | -          |              | emigration 2016-08-15                          | emigration 2016-08-15
        twice             | 0301     | -          |              | emigration 2016-03-01, emigration 2016-10-01   | emigration 2016-10-01
        registered late   | 0301     | -          |              | emigration 2015-11-20 reg 2016-02-03           | emigration 2016-02-03
        registered early  | 0301     | -          |              | emigration 2017-01-02 reg 2016-12-20           | emigration 2016-12-20
        both kinds        | 0301     | -          |              | emigration 2015-11-20 reg 2016-09-03, emigration 2016-05-05 | emigration 2016-05-05
        older event       | 0301     | -          |              | emigration 2015-11-20 reg 2015-12-03           | unexplained_exit
        status            | 0301     | -          | 3 2016-07-01 |                                                | emigration 2016-07-01
        disappeared       | 0301     | -          | 4 2016-07-01 |                                                | emigration 2016-07-01
        status, last year | 0301     | -          | 3 2015-07-01 |                                                | emigration 2015-07-01
        status, undated   | 0301     | -          | 3            |                                                | emigration
        status, too old   | 0301     | -          | 3 2014-07-01 |                                                | unexplained_exit
        still has a code  | 0301     | 0301       | 3 2016-07-01 |                                                | emigration 2016-07-01
        other status      | 0301     | -          | 6 2016-07-01 |                                                | unexplained_exit
        nothing           | 0301     | -          |              |                                                | unexplained_exit
        only a move       | 0301     | -          |              | internal_move 2016-08-15                       | unexplained_exit
        """,
    ),
    Rule(
        "5.3",
        "A death in the year excludes, unless an emigration lies in the same or an earlier month",
        2016,
        """
        person             | on 1 Jan | next 1 Jan | died    | next status  | events                               | becomes
        died               | 0301     | -          | 2016-06 |              |                                      | died
        by status          | 0301     | -          |         | 5 2016-06-11 |                                      | died
        older death status | 0301     | -          |         | 5 2015-06-11 |                                      | unexplained_exit
        died next year     | 0301     | -          | 2017-01 |              |                                      | unexplained_exit
        emigrated before   | 0301     | -          | 2016-06 |              | emigration 2016-05-31                | emigration 2016-05-31
        in the same month  | 0301     | -          | 2016-06 |              | emigration 2016-06-30                | emigration 2016-06-30
        emigrated after    | 0301     | -          | 2016-06 |              | emigration 2016-07-01                | died
        after, by status   | 0301     | -          |         | 5 2016-06-11 | emigration 2016-07-01                | died
        before, by status  | 0301     | -          |         | 5 2016-06-11 | emigration 2016-05-01                | emigration 2016-05-01
        registered before  | 0301     | -          | 2016-06 |              | emigration 2015-12-01 reg 2016-03-01 | emigration 2016-03-01
        registered after   | 0301     | -          | 2016-06 |              | emigration 2015-12-01 reg 2016-09-01 | died
        planned to leave   | 0301     | -          | 2016-12 |              | emigration 2017-01-15 reg 2016-11-01 | died
        emigrated status   | 0301     | -          | 2016-06 | 3 2016-05-01 |                                      | died
        """,
    ),
    Rule(
        "5.4",
        "A reform never makes anyone move: renumberings and mergers (Trøndelag 2018)",
        2017,
        """
        person             | on 1 Jan | next 1 Jan | events                   | becomes
        renumbered         | 1601     | 5001       |                          | stay
        renumbered, event  | 1601     | 5001       | internal_move 2017-05-01 | stay
        merged             | 0709     | 0712       |                          | stay
        merged, from other | 0728     | 0712       |                          | stay
        moved              | 1601     | 0712       | internal_move 2017-05-01 | internal_move 2017-05-01
        old code kept      | 1601     | 1601       |                          | unknown_municipality
        """,
    ),
    Rule(
        "5.4",
        "Towns that were to merge later are one municipality already: Moss and Rygge became 3002 in 2020",
        2016,
        """
        person           | on 1 Jan | next 1 Jan | events                   | becomes
        Moss to Rygge    | 0104     | 0136       | internal_move 2016-05-01 | stay
        Moss to Oslo     | 0104     | 0301       | internal_move 2016-05-01 | internal_move 2016-05-01
        """,
    ),
    Rule(
        "5.4",
        "Splits of 2020: Snillfjord 5012 became 5059, 5055 and 5056; Tysfjord 1850 became 1875 and 1806",
        2019,
        """
        person               | on 1 Jan | next 1 Jan | events                   | becomes
        most people          | 5012     | 5059       |                          | stay
        most people, event   | 5012     | 5059       | internal_move 2019-05-01 | stay
        smaller part         | 5012     | 5055       |                          | stay
        smaller part, event  | 5012     | 5055       | internal_move 2019-05-01 | internal_move 2019-05-01
        event the year after | 5012     | 5055       | internal_move 2020-01-01 | stay
        event of other kind  | 5012     | 5056       | immigration 2019-05-01   | stay
        Tysfjord             | 1850     | 1806       |                          | stay
        from elsewhere       | 5016     | 5055       |                          | internal_move
        moved                | 5012     | 1806       | internal_move 2019-05-01 | internal_move 2019-05-01
        """,
    ),
    Rule(
        "5.4",
        "Later changes are carried backwards: Ålesund 1507 became 1508 and 1580 in 2024, Drammen 3005 became 3301",
        2023,
        """
        person       | on 1 Jan | next 1 Jan | events                   | becomes                  | municipality_code_2020
        Ålesund      | 1507     | 1508       | internal_move 2023-05-01 | stay                     | 1507
        Haram        | 1507     | 1580       | internal_move 2023-05-01 | stay                     | 1507
        renumbered   | 3005     | 3301       |                          | stay                     | 3005
        moved        | 1507     | 3301       | internal_move 2023-05-01 | internal_move 2023-05-01 | 1507
        """,
    ),
    Rule(
        "5.5",
        "Exclusions: the first match counts, in this order",
        2016,
        """
        person                   | on 1 Jan | status       | born    | sex | invkat | next 1 Jan | becomes
        9999                     | 9999     | 3 2015-01-01 | 2010-01 |     |        | 9999       | unknown_municipality
        not a code               | 0000     |              | 1980-01 | 1   | A      | 0301       | unknown_municipality
        not valid yet            | 3002     |              | 1980-01 | 1   | A      | 0301       | unknown_municipality
        Svalbard                 | 2111     | 3 2015-01-01 | 2010-01 |     |        | 2111       | not_mainland
        continental shelf        | 2311     |              | 1980-01 | 1   | A      | 0301       | not_mainland
        emigrated                | 0301     | 3 2015-01-01 | 2010-01 |     |        | 0301       | not_resident
        not in faste_oppl        | 0301     |              | -       | -   | -      | 0301       | unknown_person
        no sex                   | 0301     |              | 2010-01 |     |        | 0301       | unknown_person
        no birth month           | 0301     |              |         | 1   | A      | 0301       | unknown_person
        no group                 | 0301     |              | 2010-01 | 1   |        | 0301       | unknown_group
        child                    | 0301     |              | 2010-01 | 1   | A      | -          | age_outside_window
        child, to nowhere        | 0301     |              | 2010-01 | 1   | A      | 9999       | age_outside_window
        """,
    ),
    Rule(
        "5.6",
        "Population group by immigrant category, sex, and the centrality of the municipality of 2020",
        2016,
        """
        person    | invkat | sex | on 1 Jan | next 1 Jan | becomes | population_group | sex_is | centrality | municipality_code_2020
        immigrant | B      | 1   | 0301     | 0301       | stay    | immigrant        | male   | 1          | 0301
        born here | C      | 2   | 0301     | 0301       | stay    | norwegian_born   | female | 1          | 0301
        A         | A      | 2   | 1201     | 1201       | stay    | native           | female | 2          | 4601
        E         | E      | 1   | 0301     | 0301       | stay    | native           | male   | 1          | 0301
        F         | F      | 1   | 0301     | 0301       | stay    | native           | male   | 1          | 0301
        G         | G      | 1   | 1613     | 1613       | stay    | native           | male   | 5*         | 5059
        """,
    ),
    Rule(
        "5.6",
        "Family situation on 1 January: type of family, part in a couple, and whose family it is",
        2016,
        """
        person              | family                | becomes | family_situation
        married, small      | 2.1.1 couple 1 own    | stay    | married_with_children
        same sex, married   | 2.2.1 couple 2 other  | stay    | married_with_children
        cohabiting, common  | 2.1.2 couple 3 own    | stay    | cohabiting_with_children
        cohabiting, others' | 2.2.2 couple 5 own    | stay    | cohabiting_with_children
        married, none       | 3.1.2 couple 1 own    | stay    | married_no_children
        grown-up children   | 3.2.1 couple 1 own    | stay    | married_no_children
        grown-up, unmarried | 3.2.2 couple 6 own    | stay    | cohabiting_no_children
        imputed u           | 3.1.6 couple u own    | stay    | cohabiting_no_children
        imputed p           | 3.1.6 couple p other  | stay    | cohabiting_no_children
        couple, no type     | -     couple 7 own    | stay    | cohabiting_no_children
        alone               | 1.1.2 couple 0 own    | stay    | alone
        single mother       | 2.3.1 couple 0 own    | stay    | single_parent
        single father       | 2.4.2 couple 0 own    | stay    | single_parent
        child of a single   | 2.3.1 couple 0 other  | stay    | other
        child of a couple   | 2.2.1 couple 8 other  | stay    | other
        grown-up at home    | 3.3.1 couple 0 own    | stay    | other
        other family        | 3.4.1 couple 0 own    | stay    | other
        nothing known       | -     couple - -      | stay    | other
        no row              |                       | stay    | unknown
        """,
    ),
    Rule(
        "5.6",
        "Labour market status in November and education on 1 October of the year before",
        2016,
        """
        person         | work | education | becomes | labour_market_status | education_is
        employee       | 1    | 541103    | stay    | employed             | upper_secondary
        self-employed  | 2    | 641103    | stay    | employed             | short_higher
        unemployed     | 3    | 741103    | stay    | unemployed           | long_higher
        outside, 0     | 0    | 841103    | stay    | outside_labour_force | long_higher
        outside, 4     | 4    | 201199    | stay    | outside_labour_force | compulsory
        outside, 9     | 9    | 001199    | stay    | outside_labour_force | compulsory
        unlisted code  | 7    | x01199    | stay    | unknown              | unknown
        not stated     |      | 999999    | stay    | unknown              | unknown
        no row         |      |           | stay    | unknown              | unknown
        """,
    ),
    Rule(
        "5.3",
        "The first event of the year decides; without one, the end of the year does",
        2016,
        """
        person              | on 1 Jan | next 1 Jan | died    | events                                                       | becomes
        there and back      | 0301     | 0301       |         | internal_move 2016-04-01 0301>1103, internal_move 2016-09-01 1103>0301 | internal_move 2016-04-01
        left, returned      | 0301     | 0301       |         | emigration 2016-02-01, immigration 2016-11-01                | emigration 2016-02-01
        moved, then left    | 0301     | -          |         | internal_move 2016-04-01, emigration 2016-09-01              | internal_move 2016-04-01
        left, then moved    | 0301     | 1103       |         | emigration 2016-02-01, immigration 2016-03-01, internal_move 2016-09-01 | emigration 2016-02-01
        both on one day     | 0301     | -          |         | internal_move 2016-04-01, emigration 2016-04-01              | emigration 2016-04-01
        Moss to Rygge       | 0104     | 0136       |         | internal_move 2016-04-01 0104>0136                           | stay
        moved, then died    | 0301     | -          | 2016-06 | internal_move 2016-04-01 0301>1103                           | internal_move 2016-04-01
        event after death   | 0301     | -          | 2016-06 | internal_move 2016-09-01 0301>1103                           | died
        moved, then unknown | 0301     | 9999       |         | internal_move 2016-04-01 0301>1103                           | internal_move 2016-04-01
        no event            | 0301     | 1103       |         |                                                              | internal_move
        registered late     | 0301     | -          |         | emigration 2015-11-20 reg 2016-02-03                         | emigration 2016-02-03
        """,
        outcome_rule="first_event",
    ),
)
