/**
 * Common names of Rohingya, Bengali and other Muslim families as they are written beside each other in registers: Latin
 * spellings, Bengali, Arabic. Written down for these tests, from general knowledge; no list was copied.
 */
export interface KnownName {
  readonly latin: readonly string[];
  readonly bengali: string;
  readonly arabic: string;
}

const LINES = `
Mohammed Muhammad Mohammad Mohamed Md|মোহাম্মদ|محمد
Ahmed Ahmad Ahamed Ahmmed|আহমেদ|أحمد
Rahima Rohima Raheema|রহিমা|رحيمة
Fatema Fatima Fatimah|ফাতেমা|فاطمة
Ayesha Aisha Ayesa|আয়েশা|عائشة
Khadija Khadiza Hadija|খাদিজা|خديجة
Amina Ameena Aminah|আমিনা|أمينة
Abdullah Abdulla|আবদুল্লাহ|عبد الله
Ibrahim Ebrahim Ibraheem|ইব্রাহিম|إبراهيم
Yusuf Yousuf Yousef Yosuf|ইউসুফ|يوسف
Ismail Esmail Ismael|ইসমাইল|إسماعيل
Hussain Hossain Hussein Hosain|হোসাইন|حسين
Hasan Hassan Hasson|হাসান|حسن
Ali Aly Alee|আলী|علي
Omar Umar Omor|ওমর|عمر
Usman Osman Uthman Othman|উসমান|عثمان
Abu Bakar Siddique|আবু বকর সিদ্দিক|أبو بكر الصديق
Nur Islam|নুর ইসলাম|نور الإسلام
Anwar Anowar Anwer|আনোয়ার|أنور
Karim Korim Kareem|করিম|كريم
Rahman Rohman Rehman|রহমান|رحمن
Rashid Rashed Roshid|রশিদ|رشيد
Salim Selim Saleem|সেলিম|سليم
Jamal Jamaal Zamal|জামাল|جمال
Kamal Kamaal Komal|কামাল|كمال
Jahangir Jahangeer Jahanghir|জাহাঙ্গীর|جهانكير
Shafiq Shafique Sofik|শফিক|شفيق
Rafiq Rafique Rofik|রফিক|رفيق
Tariq Tareq Tarik|তারেক|طارق
Khalid Khaled Kalid|খালেদ|خالد
Zakaria Zakariya Jakaria|জাকারিয়া|زكريا
Yahya Yahiya Yahia|ইয়াহিয়া|يحيى
Mustafa Mostafa Mustofa|মোস্তফা|مصطفى
Mahmud Mahmood Mahmoud|মাহমুদ|محمود
Habib Hobib Habeeb|হাবিব|حبيب
Nasir Naser Nasser|নাসির|ناصر
Shamsul Alam|শামসুল আলম|شمس العالم
Nurul Amin|নুরুল আমিন|نور الأمين
Saiful Islam|সাইফুল ইসলাম|سيف الإسلام
Zainab Joynab Zaynab Zoynob|জয়নাব|زينب
Mariam Maryam Moriom Meriam|মরিয়ম|مريم
Sumaiya Sumaya Somaiya|সুমাইয়া|سمية
Hafsa Hafsah Hafza|হাফসা|حفصة
Salma Selma Solma|সালমা|سلمى
Rabia Rabeya Rabiya|রাবেয়া|رابعة
Nasima Nosima Naseema|নাসিমা|نسيمة
Halima Holima Haleema|হালিমা|حليمة
Jamila Jomila Zamila|জামিলা|جميلة
Sakina Sokina Sakeena|সকিনা|سكينة
Shahida Shaheda Sahida|শাহিদা|شهيدة
Nurjahan Noorjahan Nurjahaan|নুরজাহান|نورجهان
Roshida Rashida Rosheda|রশিদা|رشيدة
Hamida Homida Hameeda|হামিদা|حميدة
Senuara Sanowara Sanwara|ছেনুয়ারা|سنوارة
Dildar Dilder Deldar|দিলদার|دلدار
Yasmin Yesmin Yasmeen|ইয়াসমিন|ياسمين
Nazir Nojir Nazeer|নজির|نذير
Sultan Sultaan Soltan|সুলতান|سلطان
Farid Forid Fareed|ফরিদ|فريد
Bashir Boshir Basheer|বশির|بشير
Idris Edris Idrees|ইদ্রিস|إدريس
Yunus Younus Yunos|ইউনুস|يونس
Ayub Ayyub Ayoub|আইয়ুব|أيوب
Musa Mosa Moosa|মুসা|موسى
Harun Haroon Haron|হারুন|هارون
Sulaiman Solaiman Suleiman|সোলায়মান|سليمان
Zubair Jubair Zobair|জুবায়ের|زبير
Hamza Hamja Hamzah|হামজা|حمزة
Enayet Ullah|এনায়েত উল্লাহ|عناية الله
Amanullah|আমান উল্লাহ|أمان الله
Rahmatullah|রহমত উল্লাহ|رحمة الله
Abdul Karim|আবদুল করিম|عبد الكريم
Abdur Rahman|আবদুর রহমান|عبد الرحمن
`;

export const KNOWN_NAMES: readonly KnownName[] = LINES.trim()
  .split('\n')
  .map((line) => {
    const [latin = '', bengali = '', arabic = ''] = line.split('|');
    // Names of several words have one spelling; of others each word is a spelling of its own.
    const whole = bengali.includes(' ');
    return { latin: whole ? [latin] : latin.split(' '), bengali, arabic };
  });
