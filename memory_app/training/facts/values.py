"""What people tell: lists of values, canonical casing, a fixed part of them held out.

Whether a value is held out is decided from its own letters, so it is held out in every slot at
once and stays so when a list grows.
"""

from __future__ import annotations

import random
import zlib


def _words(text: str) -> tuple[str, ...]:
    """Comma-separated values, whitespace folded, order kept, doubles dropped."""
    return tuple(dict.fromkeys(" ".join(part.split()) for part in text.split(",") if part.strip()))


def is_held_out(value: str) -> bool:
    """Whether training never tells this value (about one in seven)."""
    return zlib.crc32(value.casefold().encode()) % 7 == 0


NAMES = _words("""
Clara, Anna, Emma, Olivia, Sophia, Mia, Charlotte, Amelia, Evelyn, Harper, Abigail, Emily, Ella,
Elizabeth, Camila, Luna, Sofia, Avery, Mila, Aria, Scarlett, Penelope, Layla, Chloe, Victoria,
Madison, Eleanor, Grace, Nora, Riley, Zoey, Hannah, Hazel, Lily, Ellie, Violet, Lillian, Zoe,
Stella, Aurora, Natalie, Emilia, Everly, Leah, Aubrey, Willow, Addison, Lucy, Audrey, Bella,
Nova, Brooklyn, Paisley, Savannah, Claire, Skylar, Isla, Genesis, Naomi, Elena, Caroline, Eliana,
Maya, Valentina, Ruby, Kennedy, Ivy, Ariana, Aaliyah, Cora, Madelyn, Alice, Kinsley, Hailey,
Gabriella, Allison, Gianna, Serenity, Samantha, Sarah, Quinn, Eva, Piper, Sadie, Josephine,
Nevaeh, Adeline, Arya, Lydia, Clementine, Vivian, Julia, Rose, Margaret, Martha, Ruth, Judith,
Liam, Noah, Oliver, Elijah, James, William, Benjamin, Lucas, Henry, Theodore, Jack, Levi,
Alexander, Jackson, Mateo, Daniel, Michael, Mason, Sebastian, Ethan, Logan, Owen, Samuel, Jacob,
Asher, Aiden, John, Joseph, Wyatt, David, Leo, Luke, Julian, Hudson, Grayson, Matthew, Ezra,
Gabriel, Carter, Isaac, Jayden, Luca, Anthony, Dylan, Lincoln, Thomas, Maverick, Elias, Josiah,
Charles, Caleb, Christopher, Ezekiel, Miles, Jaxon, Isaiah, Andrew, Joshua, Nathan, Nolan,
Adrian, Cameron, Santiago, Eli, Aaron, Ryan, Angel, Cooper, Waylon, Easton, Kai, Christian,
Landon, Colton, Roman, Axel, Brooks, Jonathan, Robert, Jameson, Ian, Everett, Greyson, Wesley,
Jeremiah, Hunter, Leonardo, Jordan, Jose, Bennett, Silas, Nicholas, Parker, Beau, Weston, Austin,
Connor, Carson, Dominic, Xavier, Peter, Paul, Mark, Simon, George, Edward, Frank, Walter, Harold,
Arthur, Albert, Ralph, Oscar, Felix, Hugo, Otto, Emil, Anton, Karl, Hans, Fritz, Jurgen, Stefan,
Klaus, Greta, Heidi, Ingrid, Astrid, Freya, Sigrid, Lars, Sven, Bjorn, Erik, Nils, Olaf, Mikkel,
Soren, Freja, Aino, Eero, Mika, Veikko, Tuula, Pierre, Jean, Luc, Antoine, Camille, Margaux,
Colette, Juliette, Amelie, Thierry, Giulia, Marco, Paolo, Francesca, Chiara, Lorenzo, Matteo,
Alessandro, Bianca, Giovanni, Carlos, Diego, Javier, Pablo, Lucia, Carmen, Pilar, Ines, Rosa,
Miguel, Alejandro, Fernando, Guadalupe, Ximena, Joaquin, Rafael, Thiago, Joao, Beatriz, Catarina,
Tiago, Duarte, Mariana, Ivan, Dmitri, Natasha, Olga, Svetlana, Boris, Sergei, Katya, Anastasia,
Yuri, Igor, Nikolai, Ludmila, Oksana, Taras, Bohdan, Zofia, Kasia, Agnieszka, Piotr, Tomasz,
Wojciech, Jakub, Zuzana, Milan, Petra, Jana, Vaclav, Zoltan, Eszter, Katalin, Laszlo, Andrei,
Ioana, Radu, Mihai, Dragan, Milica, Jelena, Goran, Ivana, Nikola, Dimitris, Eleni, Kostas,
Yannis, Despina, Ahmed, Mohamed, Fatima, Aisha, Omar, Yusuf, Hassan, Ali, Khadija, Zainab, Amina,
Leila, Samira, Karim, Tariq, Rashid, Nadia, Salma, Mehmet, Ayse, Emre, Elif, Deniz, Zeynep,
Cyrus, Dariush, Shirin, Parisa, Roya, Farhad, Avi, Yael, Noam, Shira, Tamar, Moshe, Rivka, Raj,
Priya, Arjun, Ananya, Rohan, Kavya, Vikram, Deepa, Sanjay, Lakshmi, Ravi, Meera, Anil, Sunita,
Nikhil, Pooja, Amit, Neha, Kiran, Divya, Imran, Farah, Bilal, Sana, Tahir, Nasreen, Wei, Ming,
Li, Xiao, Jing, Hui, Mei, Lan, Jun, Yan, Feng, Hong, Chen, Ling, Bao, Zhen, Haruto, Yuki, Sakura,
Hiroshi, Kenji, Akira, Naoko, Emiko, Takeshi, Yumi, Ren, Aoi, Minjun, Seoyeon, Jiwoo, Hyun,
Soojin, Jisoo, Minho, Linh, Nguyen, Thanh, Huong, Minh, Somchai, Malee, Kanya, Putri, Dewi,
Budi, Wayan, Agus, Jomar, Divina, Kwame, Kofi, Ama, Abena, Chidi, Ngozi, Amara, Emeka, Ifeoma,
Tunde, Yemi, Folake, Zuri, Makena, Wanjiru, Otieno, Njeri, Thabo, Nomsa, Sipho, Lindiwe, Tendai,
Abebe, Tigist, Selam, Dawit, Aroha, Tane, Mere, Keanu, Leilani, Kalani, Nayeli, Itzel, Citlali,
Bob, Tom, Tim, Jim, Bill, Joe, Sam, Max, Ben, Dan, Ted, Fred, Greg, Jeff, Steve, Brian, Kevin,
Gary, Larry, Dennis, Jerry, Roger, Keith, Terry, Sean, Craig, Derek, Trevor, Nigel, Graham, Ann,
Sue, Jane, Mary, Linda, Karen, Nancy, Betty, Susan, Jessica, Michelle, Kate, Molly, Wendy,
Tina, Gina, Tracy, Sandra, Donna, Pamela, Brenda, Rachel, Monica, Phoebe, Joan, Doris, Irene,
Agnes, Edith, Mabel, Florence, Maeve, Niamh, Siobhan, Aoife, Declan, Cormac, Padraig, Rhys,
Gwen, Carys, Dafydd, Hamish, Fiona, Morag, Callum, Ewan, Robin, Alex, Charlie, Jamie, Sasha
""")

CITIES = _words("""
Paris, London, Berlin, Madrid, Rome, Vienna, Prague, Warsaw, Budapest, Lisbon, Porto, Barcelona,
Valencia, Seville, Granada, Bilbao, Milan, Turin, Venice, Florence, Naples, Bologna, Verona,
Palermo, Athens, Istanbul, Ankara, Izmir, Moscow, Kyiv, Lviv, Odesa, Minsk, Riga, Vilnius,
Tallinn, Helsinki, Tampere, Stockholm, Gothenburg, Malmo, Oslo, Bergen, Copenhagen, Aarhus,
Amsterdam, Rotterdam, Utrecht, Brussels, Antwerp, Ghent, Bruges, Luxembourg, Zurich, Geneva,
Basel, Bern, Lausanne, Munich, Hamburg, Cologne, Frankfurt, Stuttgart, Leipzig, Dresden, Bremen,
Hanover, Freiburg, Heidelberg, Lyon, Marseille, Nice, Toulouse, Bordeaux, Lille, Nantes,
Strasbourg, Rennes, Dublin, Cork, Galway, Belfast, Edinburgh, Glasgow, Aberdeen, Dundee, Cardiff,
Swansea, Manchester, Liverpool, Leeds, Sheffield, Bristol, Birmingham, Nottingham, Leicester,
Oxford, Cambridge, Brighton, York, Newcastle, Plymouth, Exeter, Norwich, Southampton, Reading,
Krakow, Gdansk, Wroclaw, Poznan, Brno, Bratislava, Ljubljana, Zagreb, Split, Belgrade, Sarajevo,
Skopje, Sofia, Plovdiv, Bucharest, Cluj, Chisinau, Tirana, Valletta, Nicosia, Reykjavik, New York,
Boston, Chicago, Seattle, Portland, Denver, Austin, Dallas, Houston, Miami, Atlanta, Detroit,
Phoenix, Tucson, Las Vegas, San Diego, San Francisco, Los Angeles, Oakland, Sacramento, Memphis,
Nashville, New Orleans, St Louis, Kansas City, Minneapolis, Milwaukee, Cleveland, Columbus,
Cincinnati, Pittsburgh, Philadelphia, Baltimore, Washington, Charleston, Orlando, Tampa, Buffalo,
Honolulu, Anchorage, Boise, Omaha, Tulsa, Toronto, Montreal, Vancouver, Ottawa, Calgary,
Edmonton, Winnipeg, Halifax, Quebec, Mexico City, Guadalajara, Monterrey, Cancun, Havana,
Kingston, Bogota, Medellin, Cali, Quito, Lima, Cusco, La Paz, Santiago, Valparaiso, Buenos Aires,
Cordoba, Rosario, Mendoza, Montevideo, Asuncion, Sao Paulo, Rio, Brasilia, Salvador, Recife,
Curitiba, Caracas, Cairo, Alexandria, Casablanca, Marrakesh, Fez, Tunis, Algiers, Dakar, Accra,
Lagos, Abuja, Nairobi, Mombasa, Kampala, Kigali, Addis Ababa, Dar es Salaam, Lusaka, Harare,
Johannesburg, Cape Town, Durban, Pretoria, Windhoek, Beirut, Amman, Damascus, Baghdad, Tehran,
Shiraz, Isfahan, Dubai, Abu Dhabi, Doha, Riyadh, Jeddah, Muscat, Tel Aviv, Haifa, Jerusalem,
Tbilisi, Yerevan, Baku, Tashkent, Samarkand, Almaty, Karachi, Lahore, Islamabad, Delhi, Mumbai,
Bangalore, Chennai, Kolkata, Hyderabad, Pune, Jaipur, Kathmandu, Dhaka, Colombo, Yangon,
Bangkok, Chiang Mai, Hanoi, Saigon, Da Nang, Phnom Penh, Kuala Lumpur, Penang, Singapore,
Jakarta, Bandung, Bali, Manila, Cebu, Taipei, Tainan, Kaohsiung, Hong Kong, Macau, Beijing,
Shanghai, Shenzhen, Guangzhou, Chengdu, Wuhan, Nanjing, Hangzhou, Xian, Harbin, Seoul, Busan,
Incheon, Tokyo, Osaka, Kyoto, Nagoya, Sapporo, Fukuoka, Hiroshima, Kobe, Ulaanbaatar, Sydney,
Melbourne, Brisbane, Perth, Adelaide, Hobart, Darwin, Canberra, Auckland, Wellington,
Christchurch, Dunedin, Suva
""")

COUNTRIES = _words("""
France, Germany, Spain, Italy, Portugal, Greece, Turkey, Poland, Hungary, Austria, Switzerland,
Belgium, Sweden, Norway, Denmark, Finland, Iceland, Ireland, Scotland, Wales, England, Ukraine,
Romania, Bulgaria, Serbia, Croatia, Slovenia, Slovakia, Estonia, Latvia, Lithuania, Russia,
Georgia, Armenia, Israel, Lebanon, Jordan, Egypt, Morocco, Tunisia, Algeria, Nigeria, Ghana,
Senegal, Kenya, Uganda, Tanzania, Ethiopia, Rwanda, Zambia, Namibia, South Africa, India,
Pakistan, Nepal, Bangladesh, Sri Lanka, Thailand, Vietnam, Cambodia, Malaysia, Indonesia,
Philippines, China, Taiwan, Japan, South Korea, Mongolia, Kazakhstan, Iran, Iraq, Canada, Mexico,
Cuba, Jamaica, Guatemala, Costa Rica, Panama, Colombia, Ecuador, Peru, Bolivia, Chile, Argentina,
Uruguay, Paraguay, Brazil, Venezuela, Australia, New Zealand, Fiji, Texas, California, Alaska,
Ohio, Florida, Hawaii, Bavaria, Sicily, Tuscany, Normandy, Cornwall, Kansas, Oregon
""")

JOBS = _words("""
nurse, doctor, teacher, engineer, lawyer, baker, butcher, farmer, carpenter, plumber,
electrician, mechanic, pilot, driver, bus driver, taxi driver, truck driver, cook, chef, waiter,
waitress, barista, bartender, cashier, shop assistant, librarian, journalist, writer, poet,
novelist, translator, editor, photographer, painter, sculptor, musician, singer, dancer, actor,
actress, director, designer, graphic designer, fashion designer, architect, builder, bricklayer,
roofer, welder, locksmith, gardener, florist, forester, fisherman, sailor, soldier,
police officer, firefighter, paramedic, detective, judge, prosecutor, secretary, receptionist,
accountant, auditor, banker, economist, analyst, data analyst, statistician, programmer,
software developer, web developer, game developer, network engineer, scientist, biologist,
chemist, physicist, astronomer, geologist, mathematician, historian, philosopher, archaeologist,
psychologist, therapist, dentist, surgeon, vet, pharmacist, optician, midwife, caregiver, nanny,
babysitter, tutor, professor, lecturer, researcher, student, social worker, priest, monk,
politician, diplomat, mayor, clerk, postman, courier, cleaner, janitor, security guard,
lifeguard, coach, personal trainer, boxer, footballer, referee, jockey, tour guide,
travel agent, flight attendant, hotel manager, salesman, estate agent, insurance agent, broker,
consultant, recruiter, project manager, product manager, marketer, copywriter, blogger,
podcaster, animator, illustrator, tattoo artist, hairdresser, barber, beautician, tailor,
shoemaker, jeweller, watchmaker, potter, blacksmith, miner, brewer, winemaker, beekeeper,
magician, clown, comedian, DJ, sound engineer, piano tuner, tram driver, train conductor,
crane operator, surveyor, cartographer, meteorologist, zookeeper, dog trainer, park ranger
""")

FOODS = _words("""
pizza, pasta, sushi, ramen, lasagna, spaghetti, risotto, curry, soup, salad, tacos, burritos,
burgers, hot dogs, french fries, fried rice, dumplings, noodles, pancakes, waffles, omelettes,
sandwiches, steak, fried chicken, roast beef, fish and chips, meatballs, stew, chili, goulash,
paella, couscous, hummus, falafel, kebab, shawarma, pho, pad thai, kimchi, bibimbap, tempura,
tofu, lentils, baked beans, mashed potatoes, cheese, bread, croissants, bagels, pretzels,
chocolate, ice cream, cheesecake, apple pie, brownies, cookies, donuts, popcorn, crepes, quiche,
fondue, gnocchi, ravioli, tiramisu, pierogi, borscht, moussaka, nachos, quesadillas, enchiladas,
guacamole, lobster, shrimp, salmon, oysters, bacon, scrambled eggs, oatmeal, porridge, granola,
peanut butter, mushroom soup, tomato soup, onion rings, spring rolls, biryani, samosas, naan
""")

DRINKS = _words("""
coffee, tea, green tea, water, milk, orange juice, apple juice, lemonade, cola, hot chocolate,
beer, red wine, white wine, cider, whisky, rum, gin, sparkling water, iced tea, milkshakes,
smoothies, espresso, cappuccino, mint tea, ginger ale, tomato juice, coconut water, kombucha,
chai, root beer, grape juice, champagne, oat milk, black coffee, lattes, mango juice
""")

ANIMALS = _words("""
cats, dogs, horses, elephants, lions, tigers, bears, wolves, foxes, rabbits, owls, eagles,
penguins, dolphins, whales, sharks, octopuses, turtles, frogs, snakes, lizards, giraffes, zebras,
pandas, koalas, kangaroos, monkeys, gorillas, otters, hedgehogs, squirrels, deer, cows, sheep,
goats, pigs, ducks, swans, parrots, crows, bees, butterflies, spiders, ants, camels, llamas,
hippos, rhinos, crocodiles, seals, beavers, badgers, bats, mice, cheetahs, leopards, sloths
""")

PET_KINDS = _words("""
dog, cat, rabbit, hamster, parrot, goldfish, turtle, snake, lizard, horse, pony, guinea pig,
mouse, rat, ferret, canary, chicken, goat, donkey, hedgehog, gecko, tortoise, duck, frog, pig,
budgie, puppy, kitten, chinchilla, spider
""")

PET_NAMES = _words("""
Rex, Bella, Buddy, Rocky, Daisy, Coco, Milo, Luna, Oreo, Ginger, Pepper, Biscuit, Cookie, Peanut,
Shadow, Smokey, Tiger, Simba, Nala, Felix, Whiskers, Mittens, Fluffy, Snowball, Patch, Spot,
Bruno, Duke, Bear, Bailey, Molly, Toby, Jasper, Loki, Thor, Zeus, Apollo, Athena, Pixel, Mocha,
Latte, Pancake, Waffles, Nugget, Noodle, Dumpling, Pickles, Pumpkin, Muffin, Olive, Clover, Willow,
Hazel, Poppy, Sunny, Storm, Ziggy, Bowie, Elvis, Gizmo, Gadget, Turbo, Rusty, Scout, Ranger,
Bandit, Boots, Socks, Button, Marble, Pebbles, Sandy, Misty, Echo, Nova, Comet, Cosmo, Astro,
Leo, Max, Charlie, Jack, Oscar, Ruby, Lola, Rosie, Lady, Princess, Duchess, Baron, Captain,
Sparky, Blaze, Flash, Dash, Chip, Dale, Donut, Mango, Kiwi, Taco, Sushi, Tofu, Truffle
""")

COLOURS = _words("""
blue, red, green, yellow, orange, purple, pink, black, white, grey, brown, turquoise, violet,
gold, silver, beige, navy, crimson, teal, lilac, magenta, maroon, olive green, dark blue,
light green, sky blue
""")
CAR_COLOURS = COLOURS[:20]

SPORTS = _words("""
football, soccer, basketball, tennis, volleyball, baseball, cricket, rugby, hockey, golf,
swimming, running, cycling, boxing, judo, karate, fencing, rowing, sailing, surfing, skiing,
snowboarding, skating, climbing, gymnastics, badminton, table tennis, handball, archery, yoga,
wrestling, squash, diving, darts, bowling, polo
""")

SEASONS = _words("spring, summer, autumn, winter")

FILM_GENRES = _words("""
comedies, horror films, thrillers, westerns, dramas, documentaries, musicals, action films,
science fiction, fantasy, romantic comedies, war films, cartoons, crime films, spy films, anime,
silent films, superhero films, mysteries, romances
""")

MUSIC = _words("""
jazz, rock, pop, classical music, hip hop, techno, blues, country, folk, reggae, metal, punk,
opera, soul, funk, disco, house, rap, salsa, gospel, indie rock, heavy metal, electronic music,
flamenco, bossa nova, ambient, swing, ska
""")

SUBJECTS = _words("""
maths, physics, chemistry, biology, history, geography, art, music, literature, philosophy,
economics, computer science, psychology, sociology, law, medicine, astronomy, drama, English,
French, Latin, engineering, geology, politics, statistics, architecture, linguistics, design
""")

FRUITS = _words("""
apples, bananas, oranges, pears, grapes, strawberries, raspberries, blueberries, cherries,
peaches, plums, mangoes, pineapple, watermelon, melon, kiwis, lemons, limes, figs, apricots,
papaya, coconuts, pomegranates, grapefruit, blackberries, lychees
""")

FLOWERS = _words("""
roses, tulips, daisies, lilies, sunflowers, orchids, violets, daffodils, poppies, lavender,
peonies, irises, carnations, jasmine, dahlias, hyacinths, magnolias, lotus
""")

DAYS = _words("Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday")
MONTHS = _words("""
January, February, March, April, May, June, July, August, September, October, November, December
""")

HOBBIES = _words("""
painting, drawing, reading, cooking, baking, gardening, hiking, fishing, knitting, sewing,
dancing, singing, photography, pottery, chess, camping, running, swimming, cycling, climbing,
bird watching, stargazing, yoga, writing, blogging, video games, board games, card games,
crossword puzzles, jigsaw puzzles, origami, calligraphy, woodworking, model trains,
collecting stamps, collecting coins, playing the guitar, juggling, skateboarding, surfing,
horse riding, archery, kite flying, programming, robotics, magic tricks, beekeeping, embroidery,
astronomy, meditation, geocaching, cosplay, sudoku, sailing, skiing, travelling
""")

INSTRUMENTS = _words("""
guitar, piano, violin, drums, flute, cello, trumpet, saxophone, clarinet, harp, ukulele, banjo,
accordion, trombone, organ, bass, viola, oboe, harmonica, mandolin, tuba, recorder, bagpipes,
xylophone, double bass, bassoon
""")

LANGUAGES = _words("""
French, Spanish, German, Italian, Portuguese, Russian, Polish, Dutch, Swedish, Norwegian, Danish,
Finnish, Greek, Turkish, Arabic, Hebrew, Persian, Hindi, Urdu, Bengali, Tamil, Thai, Vietnamese,
Chinese, Japanese, Korean, Indonesian, Swahili, Latin, Welsh, Irish, Hungarian, Czech, Romanian,
Ukrainian, Icelandic, Esperanto, Basque, Catalan, Tagalog
""")

ALLERGENS = _words("""
peanuts, milk, cats, dogs, pollen, dust, eggs, shellfish, shrimp, strawberries, nuts, wheat, soy,
bees, penicillin, gluten, sesame, feathers, grass, kiwis, mushrooms, celery, latex, horses
""")

FEARS = _words("""
spiders, heights, the dark, snakes, flying, needles, clowns, thunder, dogs, mice, ghosts, sharks,
elevators, crowds, dentists, deep water, bees, bats, rats, lightning, the sea, public speaking
""")

SECRET_WORDS = _words("""
banana, lantern, thunder, velvet, marble, copper, falcon, pepper, harbour, castle, whisper,
feather, mountain, river, candle, pocket, silver, garden, winter, anchor, bottle, mirror, violin,
dragon, rocket, meadow, pebble, button, saddle, island, ladder, cactus, planet, tunnel, window,
hammer, basket, ticket, cherry, walnut, maple, orchid, comet, nebula, compass, beacon, cobalt,
ember, glacier, horizon, jigsaw, kettle, lagoon, mosaic, nectar, oasis, paddle, quartz, ribbon,
sphinx, temple, umbrella, voyage, willow, zephyr, amber, breeze, canyon, dolphin, emerald,
forest, granite, honey, indigo, jungle, koala, lemon, magnet, needle, otter, parrot, raven,
shadow, tiger, unicorn, vortex, walrus, yellow, zebra, acorn, bamboo, cinnamon, daisy, engine,
fountain, goblin, helmet, igloo, jacket, kingdom, legend, monsoon, notebook, octopus, penguin
""")

AGES = tuple(str(n) for n in range(8, 90))
PLURAL_NUMBERS = _words("two, three, four, five, six, seven, 2, 3, 4, 5")
NUMBERS = (
    *(str(n) for n in range(1, 100)),
    *("three", "seven", "eleven", "thirteen", "nine"),
)
LARGE_NUMBERS = tuple(str(n) for n in range(100, 1000))

_ONSETS = _words("""
b, br, c, ch, d, dr, f, fl, g, gr, h, j, k, kl, l, m, n, p, pr, qu, r, s, sh, st, t, th, tr, v,
w, y, z, zh
""")
_VOWELS = ("a", "e", "i", "o", "u", "a", "e", "i", "o", "ai", "ea", "ee", "io", "ou", "ia", "y")
_CODAS = ("", "", "", "", "n", "r", "l", "s", "m", "th", "x", "nd", "k", "t", "sh", "rn")


def made_up_name(rng: random.Random) -> str:
    """A pronounceable name of one to three syllables that nobody is called, e.g. "Bravolin"."""
    choice = rng.choice
    while True:
        syllables = 2 if rng.random() < 0.65 else (3 if rng.random() < 0.7 else 1)
        text = "".join(choice(_ONSETS) + choice(_VOWELS) for _ in range(syllables))
        text = (text + choice(_CODAS)).capitalize()
        if len(text) >= 3 and not is_held_out(text):
            return text
