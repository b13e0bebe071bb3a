"""What people tell: lists of values, canonical casing, a fixed part of them held out.

A list begins with the values that English conversations mention most, since a short curriculum
(`most_values`, the scope "core") takes the first ones. The first names and places are those of the
pages' own examples.

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
Clara,
John, Tom, Mark, Ben, Michael, Luke, Paul, George, Jackson, James, Ryan, Bill, Jack, Sarah, Alex,
Brian, David, Lucas, Craig, Joe, Jane, Emma, Kevin, Robert, Peter, Jim, Steve, Tim, Aaron, Jordan,
Mary, Robin, Bob, Oscar, Fred, Thomas, Audrey, Christian, Logan, Alice, Eli, Daniel, Sean,
Charlie, Frank, Susan, Max, Jerry, Sam, Cooper, Christopher, Samuel, Lucy, Miles, Anthony, Brooks,
Dan, Ren, Andrew, Rose, Roger, Anna, Allison, Keith, Zoe, Liam, Larry, Derek, Jessica, Molly,
Jeff, Kate, Julia, Hong, Ariana, Leo, Ralph, Leonardo, Grace, Dylan, Olivia, Owen, Henry, Charles,
Diego, Matthew, Cameron, Nolan, Carter, William, Harper, Ella, Austin, Hans, Keanu, Parker, Simon,
Jamie, Jean, Ted, Rachel, Elizabeth, Carson, Cyrus, Arthur, Lily, Adrian, Sandra, Roman, Terry,
Michelle, Natalie, Mia, Hunter, Lincoln, Madison, Angel, Edward, Olaf, Ethan, Emily, Bennett,
Scarlett, Noah, Hannah, Ezekiel, Gary, Sebastian, Gwen, Maya, Ruby, Joan, Walter, Dennis, Ian,
Linda, Ruth, Isaac, Quinn, Eva, Sue, Karen, Connor, Oliver, Mason, Nicholas, Luna, Hudson, Albert,
Jacob, Genesis, Sophia, Joseph, Benjamin, Isaiah, Tina, Aurora, Joshua, Alejandro, Brooklyn, Nora,
Julian, Eleanor, Harold, Ewan, Chloe, Paisley, Alexander, Xavier, Sofia, Graham, Wendy, Jonathan,
Jose, Chen, Amelia, Mila, Naomi, Trevor, Riley, Kennedy, Li, Betty, Ellie, Claire, Mere, Florence,
Pablo, Anastasia, Greg, Ann, Gabriel, Charlotte, Lars, Javier, Carlos, Ming, Fiona, Caroline,
Martha, Elias, Wesley, Nancy, Zoey, Willow, Nathan, Anton, Heidi, Ingrid, Ali, Feng, Bella,
Waylon, Greta, Pierre, Carmen, Theodore, Joaquin, Akira, Ivy, Ezra, Hugo, Karl, Erik, Donna,
Everly, Piper, Maverick, Milan, Abigail, Stella, Aubrey, Skylar, Samantha, Elijah, Juliette,
Victoria, Elena, Aaliyah, Axel, Dominic, Sven, Antoine, Rosa, Wojciech, Ravi, Mei, Tracy, Monica,
Avery, Layla, Violet, Emilia, Leah, Serenity, Margaret, Felix, Otto, Amelie, Miguel, Rafael, Ling,
Agnes, Hailey, Wyatt, Caleb, Landon, Everett, Luc, Boris, Tamar, Wei, Pamela, Doris, Irene,
Sasha, Camila, Hazel, Nova, Arya, Mateo, Asher, Grayson, Easton, Fritz, Giovanni, Lucia, Natasha,
Salma, Nigel, Brenda, Phoebe, Evelyn, Penelope, Savannah, Vivian, Judith, Levi, Luca, Jeremiah,
Bianca, Ivan, Nikola, Avi, Takeshi, Aria, Lillian, Addison, Sadie, Josephine, Adeline, Kai,
Stefan, Camille, Francesca, Lorenzo, Fernando, Dmitri, Olga, Omar, Yusuf, Raj, Rohan, Divya, Jun,
Hyun, Minh, Ama, Gina, Mabel, Rhys, Isla, Lydia, Clementine, Josiah, Colton, Greyson, Weston,
Klaus, Mika, Colette, Marco, Alessandro, Duarte, Jana, Ahmed, Leila, Karim, Nadia, Moshe, Amit,
Bilal, Jing, Hui, Lan, Hiroshi, Leilani, Edith, Declan, Eliana, Valentina, Cora, Madelyn, Kinsley,
Gabriella, Gianna, Nevaeh, Aiden, Jayden, Jaxon, Santiago, Jameson, Silas, Beau, Emil, Jurgen,
Astrid, Freya, Sigrid, Bjorn, Nils, Mikkel, Soren, Freja, Aino, Eero, Veikko, Tuula, Margaux,
Thierry, Giulia, Paolo, Chiara, Matteo, Pilar, Ines, Guadalupe, Ximena, Thiago, Joao, Beatriz,
Catarina, Tiago, Mariana, Svetlana, Sergei, Katya, Yuri, Igor, Nikolai, Ludmila, Oksana, Taras,
Bohdan, Zofia, Kasia, Agnieszka, Piotr, Tomasz, Jakub, Zuzana, Petra, Vaclav, Zoltan, Eszter,
Katalin, Laszlo, Andrei, Ioana, Radu, Mihai, Dragan, Milica, Jelena, Goran, Ivana, Dimitris,
Eleni, Kostas, Yannis, Despina, Mohamed, Fatima, Aisha, Hassan, Khadija, Zainab, Amina, Samira,
Tariq, Rashid, Mehmet, Ayse, Emre, Elif, Deniz, Zeynep, Dariush, Shirin, Parisa, Roya, Farhad,
Yael, Noam, Shira, Rivka, Priya, Arjun, Ananya, Kavya, Vikram, Deepa, Sanjay, Lakshmi, Meera,
Anil, Sunita, Nikhil, Pooja, Neha, Kiran, Imran, Farah, Sana, Tahir, Nasreen, Xiao, Yan, Bao,
Zhen, Haruto, Yuki, Sakura, Kenji, Naoko, Emiko, Yumi, Aoi, Minjun, Seoyeon, Jiwoo, Soojin, Jisoo,
Minho, Linh, Nguyen, Thanh, Huong, Somchai, Malee, Kanya, Putri, Dewi, Budi, Wayan, Agus, Jomar,
Divina, Kwame, Kofi, Abena, Chidi, Ngozi, Amara, Emeka, Ifeoma, Tunde, Yemi, Folake, Zuri, Makena,
Wanjiru, Otieno, Njeri, Thabo, Nomsa, Sipho, Lindiwe, Tendai, Abebe, Tigist, Selam, Dawit, Aroha,
Tane, Kalani, Nayeli, Itzel, Citlali, Maeve, Niamh, Siobhan, Aoife, Cormac, Padraig, Carys,
Dafydd, Hamish, Morag, Callum
""")

CITIES = _words("""
Oslo, Lima, Paris,
Nice, Chicago, New York, York, Reading, Detroit, Los Angeles, San Francisco, Pittsburgh, Split,
Dallas, London, Cleveland, Washington, New Orleans, Seattle, Boston, Atlanta, Denver, Miami,
Oakland, Houston, Taipei, Las Vegas, Buffalo, Tokyo, Tampa, Hong Kong, Baltimore, Kansas
City, Philadelphia, Phoenix, Austin, San Diego, Nashville, Manchester, Cincinnati, Orlando,
Toronto, Ottawa, Berlin, Kaohsiung, Barcelona, Oxford, Kobe, Liverpool, Columbus, Singapore,
Beijing, Sofia, Madrid, Rio, Florence, Montreal, Casablanca, Minneapolis, Dubai, Tainan, Rome,
Vancouver, Sacramento, Milwaukee, Memphis, Athens, Portland, Shanghai, Istanbul, Amsterdam, St
Louis, Bangkok, Venice, Cambridge, Hangzhou, Sydney, Milan, Birmingham, Salvador, Osaka, Budapest,
Hamburg, Edmonton, Alexandria, Wuhan, Wellington, Cork, Galway, Copenhagen, Toulouse, Mexico City,
Cali, Shenzhen, Busan, Brisbane, Vienna, Moscow, Zurich, Frankfurt, Reykjavik, Addis Ababa, Kyoto,
Auckland, Prague, Stockholm, Brussels, Bern, Munich, Sheffield, Honolulu, Omaha, Tulsa,
Jerusalem, Hiroshima, Darwin, Christchurch, Warsaw, Geneva, Cologne, Dresden, Heidelberg, Glasgow,
Leeds, Calgary, Quebec, Guadalajara, Kingston, Abu Dhabi, Manila, Seoul, Sapporo, Melbourne,
Valencia, Gothenburg, Bergen, Bruges, Luxembourg, Dublin, Edinburgh, Dundee, Havana, Baghdad, Tel
Aviv, Hyderabad, Saigon, Macau, Lisbon, Seville, Verona, Vilnius, Helsinki, Rotterdam, Freiburg,
Lyon, Bristol, Nottingham, Poznan, Sarajevo, Tucson, Charleston, Anchorage, Boise, Rosario,
Cairo, Durban, Beirut, Amman, Islamabad, Delhi, Bangalore, Kolkata, Jakarta, Guangzhou, Nagoya,
Fukuoka, Canberra, Porto, Granada, Bilbao, Turin, Naples, Bologna, Palermo, Ankara, Izmir, Kyiv,
Lviv, Odesa, Minsk, Riga, Tallinn, Tampere, Malmo, Aarhus, Utrecht, Antwerp, Ghent, Basel,
Lausanne, Stuttgart, Leipzig, Bremen, Hanover, Marseille, Bordeaux, Lille, Nantes, Strasbourg,
Rennes, Belfast, Aberdeen, Cardiff, Swansea, Leicester, Brighton, Newcastle, Plymouth, Exeter,
Norwich, Southampton, Krakow, Gdansk, Wroclaw, Brno, Bratislava, Ljubljana, Zagreb, Belgrade,
Skopje, Plovdiv, Bucharest, Cluj, Chisinau, Tirana, Valletta, Nicosia, Winnipeg, Halifax,
Monterrey, Cancun, Bogota, Medellin, Quito, Cusco, La Paz, Santiago, Valparaiso, Buenos Aires,
Cordoba, Mendoza, Montevideo, Asuncion, Sao Paulo, Brasilia, Recife, Curitiba, Caracas, Marrakesh,
Fez, Tunis, Algiers, Dakar, Accra, Lagos, Abuja, Nairobi, Mombasa, Kampala, Kigali, Dar es Salaam,
Lusaka, Harare, Johannesburg, Cape Town, Pretoria, Windhoek, Damascus, Tehran, Shiraz, Isfahan,
Doha, Riyadh, Jeddah, Muscat, Haifa, Tbilisi, Yerevan, Baku, Tashkent, Samarkand, Almaty, Karachi,
Lahore, Mumbai, Chennai, Pune, Jaipur, Kathmandu, Dhaka, Colombo, Yangon, Chiang Mai, Hanoi, Da
Nang, Phnom Penh, Kuala Lumpur, Penang, Bandung, Bali, Cebu, Chengdu, Nanjing, Xian, Harbin,
Incheon, Ulaanbaatar, Perth, Adelaide, Hobart, Dunedin, Suva
""")

COUNTRIES = _words("""
Taiwan, England, Georgia, China, California, Texas, Japan, Jordan, Canada, Florida, Germany,
France, Kansas, Hawaii, Ohio, Australia, Italy, India, Mexico, South Korea, New Zealand, Alaska,
Spain, Russia, Brazil, Iraq, Indonesia, Switzerland, Iceland, Turkey, Vietnam, Ireland, Israel,
Sweden, Norway, Scotland, Oregon, Finland, Thailand, Lithuania, South Africa, Ukraine, Greece,
Pakistan, Cuba, Poland, Jamaica, Hungary, Belgium, Denmark, Egypt, Nigeria, Kenya, Peru, Austria,
Croatia, Estonia, Uganda, Philippines, Ethiopia, Guatemala, Bangladesh, Malaysia, Cambodia,
Venezuela, Morocco, Wales, Tunisia, Costa Rica, Panama, Portugal, Nepal, Iran, Ecuador, Chile,
Argentina, Normandy, Rwanda, Colombia, Bolivia, Uruguay, Romania, Bulgaria, Slovakia, Armenia,
Ghana, Senegal, Tanzania, Zambia, Fiji, Lebanon, Namibia, Sri Lanka, Bavaria, Sicily, Serbia,
Slovenia, Latvia, Algeria, Mongolia, Kazakhstan, Paraguay, Tuscany, Cornwall
""")

#: Three cities, then a country or a region, while there are both.
PLACES = tuple(
    place
    for n in range(len(CITIES))
    for place in (*CITIES[n : n + 1], *(COUNTRIES[n // 3 : n // 3 + 1] if n % 3 == 2 else ()))
)

JOBS = _words("""
actor, singer, coach, doctor, driver, potter, cook, engineer, director, teacher, actress,
designer, musician, nurse, baker, writer, judge, student, scientist, DJ, lawyer, chef, professor,
detective, dancer, soldier, clown, carpenter, comedian, pilot, secretary, farmer, mayor,
journalist, poet, bartender, fashion designer, consultant, librarian, waitress, politician, taxi
driver, priest, accountant, janitor, personal trainer, estate agent, therapist, researcher,
cleaner, translator, hairdresser, editor, programmer, vet, boxer, painter, plumber, analyst, monk,
referee, mechanic, biologist, dentist, nanny, babysitter, tour guide, salesman, electrician, truck
driver, police officer, butcher, photographer, builder, magician, broker, postman, philosopher,
tailor, graphic designer, architect, waiter, barista, sailor, security guard, cashier, banker,
animator, sound engineer, gardener, web developer, physicist, mathematician, surgeon, tutor,
footballer, jockey, fisherman, historian, flight attendant, blogger, dog trainer, bus driver,
economist, clerk, barber, chemist, psychologist, insurance agent, park ranger, novelist, welder,
software developer, astronomer, geologist, social worker, diplomat, lifeguard, brewer, forester,
paramedic, prosecutor, receptionist, data analyst, game developer, archaeologist, caregiver,
travel agent, product manager, marketer, copywriter, podcaster, blacksmith, miner, beekeeper,
surveyor, shop assistant, sculptor, bricklayer, roofer, locksmith, florist, firefighter, auditor,
statistician, network engineer, pharmacist, optician, midwife, lecturer, courier, hotel manager,
recruiter, project manager, illustrator, tattoo artist, beautician, shoemaker, jeweller,
watchmaker, winemaker, piano tuner, tram driver, train conductor, crane operator, cartographer,
meteorologist, zookeeper
""")

FOODS = _words("""
pizza, ice cream, chocolate, steak, burgers, curry, pasta, cheese, popcorn, shawarma, cookies,
chili, lasagna, sushi, soup, bread, spaghetti, tacos, bacon, paella, hot dogs, shrimp, donuts,
lobster, pancakes, hummus, french fries, ramen, noodles, sandwiches, meatballs, nachos, salad,
peanut butter, granola, stew, croissants, cheesecake, brownies, salmon, enchiladas, guacamole,
burritos, tempura, tofu, fried chicken, fish and chips, pretzels, apple pie, oysters, dumplings,
waffles, falafel, kebab, pho, pad thai, mashed potatoes, oatmeal, risotto, kimchi, bagels, crepes,
onion rings, samosas, fried rice, omelettes, roast beef, goulash, couscous, bibimbap, lentils,
baked beans, quiche, fondue, gnocchi, ravioli, tiramisu, pierogi, borscht, moussaka, quesadillas,
scrambled eggs, porridge, mushroom soup, tomato soup, spring rolls, biryani, naan
""")

DRINKS = _words("""
water, coffee, beer, tea, lemonade, milk, gin, champagne, red wine, iced tea, rum, cider, whisky,
cola, black coffee, hot chocolate, white wine, espresso, ginger ale, chai, orange juice, apple
juice, milkshakes, smoothies, mint tea, lattes, green tea, sparkling water, cappuccino, tomato
juice, coconut water, kombucha, root beer, grape juice, oat milk, mango juice
""")

ANIMALS = _words("""
dogs, bears, eagles, cats, horses, lions, dolphins, penguins, sharks, ducks, snakes, tigers, bees,
bats, monkeys, deer, mice, cows, spiders, wolves, rabbits, sheep, pigs, foxes, goats, turtles,
ants, crows, elephants, seals, pandas, frogs, lizards, swans, whales, squirrels, parrots,
butterflies, owls, gorillas, crocodiles, hippos, octopuses, koalas, camels, beavers, sloths,
giraffes, kangaroos, llamas, rhinos, leopards, zebras, otters, hedgehogs, badgers, cheetahs
""")

PET_KINDS = _words("""
dog, cat, spider, horse, chicken, mouse, rabbit, snake, rat, frog, goat, turtle, duck, pig, puppy,
donkey, lizard, pony, parrot, hedgehog, goldfish, guinea pig, kitten, hamster, canary, ferret,
tortoise, gecko, budgie, chinchilla
""")

PET_NAMES = _words("""
Lady, Sunny, Captain, Princess, Jack, Spot, Buddy, Thor, Elvis, Oscar, Bruno, Rocky, Charlie, Max,
Chip, Bear, Storm, Bowie, Molly, Flash, Button, Simba, Leo, Poppy, Boots, Pepper, Tiger, Rex,
Sushi, Duke, Loki, Ruby, Mittens, Apollo, Socks, Taco, Shadow, Luna, Ginger, Cookie, Toby, Bailey,
Sandy, Smokey, Patch, Daisy, Ranger, Echo, Pumpkin, Coco, Scout, Nala, Peanut, Fluffy, Milo,
Snowball, Ziggy, Bandit, Willow, Dash, Bella, Clover, Rusty, Misty, Rosie, Olive, Dale, Zeus,
Noodle, Astro, Felix, Marble, Lola, Baron, Blaze, Jasper, Tofu, Whiskers, Hazel, Gizmo, Turbo,
Nova, Kiwi, Pixel, Pancake, Waffles, Donut, Biscuit, Latte, Pickles, Gadget, Duchess, Sparky,
Mango, Athena, Mocha, Muffin, Comet, Cosmo, Oreo, Nugget, Dumpling, Pebbles, Truffle
""")

COLOURS = _words("""
black, white, green, pink, blue, red, brown, yellow, gold, grey, silver, purple, orange, maroon,
navy, crimson, violet, beige, teal, sky blue, turquoise, lilac, magenta, dark blue, olive green,
light green
""")
CAR_COLOURS = COLOURS[:20]

SPORTS = _words("""
football, running, baseball, soccer, basketball, hockey, tennis, swimming, bowling, golf, rugby,
polo, skating, wrestling, climbing, skiing, gymnastics, diving, yoga, volleyball, surfing, boxing,
cricket, karate, snowboarding, rowing, badminton, table tennis, squash, cycling, fencing, sailing,
archery, judo, handball, darts
""")

SEASONS = _words("spring, summer, autumn, winter")

FILM_GENRES = _words("""
fantasy, comedies, science fiction, thrillers, anime, dramas, cartoons, musicals, documentaries,
horror films, mysteries, westerns, romantic comedies, action films, superhero films, romances,
silent films, war films, spy films, crime films
""")

MUSIC = _words("""
rock, country, pop, rap, house, metal, jazz, hip hop, punk, folk, soul, blues, classical music,
opera, heavy metal, disco, funk, techno, gospel, swing, indie rock, reggae, electronic music,
ambient, ska, salsa, flamenco, bossa nova
""")

SUBJECTS = _words("""
music, history, law, medicine, art, English, drama, engineering, French, design, literature,
politics, Latin, chemistry, biology, psychology, statistics, physics, philosophy, astronomy,
computer science, architecture, economics, geology, geography, sociology, linguistics, maths
""")

FRUITS = _words("""
pineapple, apples, strawberries, papaya, bananas, oranges, blueberries, watermelon, peaches,
melon, grapes, lemons, coconuts, cherries, plums, mangoes, limes, grapefruit, pears, raspberries,
kiwis, figs, apricots, pomegranates, blackberries, lychees
""")

FLOWERS = _words("""
roses, jasmine, lotus, lavender, magnolias, lilies, orchids, sunflowers, tulips, daisies, violets,
daffodils, poppies, peonies, irises, carnations, dahlias, hyacinths
""")

DAYS = _words("Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday")
MONTHS = _words("""
May, June, September, August, July, March, December, February, October, April, November, January
""")

HOBBIES = _words("""
camping, running, video games, reading, singing, hiking, dancing, writing, cooking, swimming,
fishing, chess, painting, programming, board games, drawing, climbing, gardening, sewing, skiing,
cosplay, yoga, meditation, astronomy, skateboarding, surfing, travelling, baking, knitting,
robotics, photography, bird watching, woodworking, playing the guitar, origami, beekeeping,
embroidery, cycling, card games, sailing, pottery, blogging, juggling, magic tricks, geocaching,
stargazing, archery, crossword puzzles, calligraphy, jigsaw puzzles, model trains, collecting
stamps, collecting coins, horse riding, kite flying, sudoku
""")

INSTRUMENTS = _words("""
guitar, piano, bass, drums, violin, trumpet, flute, tuba, cello, clarinet, banjo, saxophone,
viola, recorder, organ, ukulele, trombone, accordion, mandolin, harp, harmonica, oboe, xylophone,
double bass, bassoon, bagpipes
""")

LANGUAGES = _words("""
Chinese, Italian, Japanese, French, Thai, German, Spanish, Latin, Irish, Greek, Russian, Korean,
Norwegian, Swedish, Dutch, Icelandic, Polish, Finnish, Hebrew, Danish, Hungarian, Indonesian,
Arabic, Persian, Welsh, Portuguese, Vietnamese, Czech, Turkish, Urdu, Swahili, Ukrainian, Catalan,
Hindi, Bengali, Tamil, Romanian, Esperanto, Basque, Tagalog
""")

ALLERGENS = _words("""
dogs, cats, horses, nuts, dust, grass, bees, milk, eggs, feathers, peanuts, shrimp, strawberries,
sesame, mushrooms, shellfish, wheat, soy, gluten, penicillin, pollen, kiwis, celery, latex
""")

FEARS = _words("""
the sea, heights, dogs, the dark, flying, sharks, lightning, snakes, thunder, bees, bats, ghosts,
mice, spiders, clowns, crowds, rats, needles, elevators, deep water, dentists, public speaking
""")

SECRET_WORDS = _words("""
yellow, cactus, planet, island, legend, garden, ticket, mountain, jungle, winter, rocket, forest,
window, silver, button, dragon, violin, river, pocket, kingdom, castle, pepper, thunder, engine,
jacket, tiger, honey, falcon, helmet, mirror, hammer, temple, bottle, umbrella, banana, shadow,
lantern, basket, notebook, raven, horizon, needle, candle, velvet, daisy, octopus, cherry,
dolphin, walrus, canyon, unicorn, paddle, fountain, goblin, compass, feather, oasis, willow,
breeze, parrot, copper, jigsaw, anchor, penguin, tunnel, maple, nebula, saddle, amber, marble,
voyage, emerald, indigo, lemon, magnet, whisper, ribbon, cinnamon, bamboo, ladder, orchid, mosaic,
zebra, walnut, vortex, acorn, comet, beacon, cobalt, granite, koala, harbour, meadow, pebble,
ember, glacier, kettle, lagoon, nectar, quartz, sphinx, zephyr, otter, igloo, monsoon
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
